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
export { openBackend } from './open-backend.ts';
