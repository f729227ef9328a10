export type {
  BackendProperties,
  ByteRange,
  FileInfo,
  FileType,
  GetOptions,
  Handle,
  IoOptions,
  Location,
  StorageBackend,
} from './backend.ts';
export { isFileName } from './layout.ts';
export { listAll } from './list-all.ts';
export { LocalBackend } from './local/local-backend.ts';
export { formatLocation, parseLocation } from './location.ts';
export { checkedBody } from './objects/checked-body.ts';
export { type ObjectClaim, type ObjectStore, promote, type StoredObject } from './objects/object-store.ts';
export { type ObjectPlace, openObjectStore } from './objects/open-object-store.ts';
export { openBackend } from './open-backend.ts';
