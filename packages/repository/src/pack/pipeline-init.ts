import { FortFailError } from '@fortfail/base';
import type { Location } from '@fortfail/storage';
import type { MasterKey } from '../crypto/master-key.ts';
import type { ClaimSetData } from '../index-store/claim-set.ts';
import type { SharedIndexData } from '../index-store/shared-index.ts';
import type { Compression } from '../zstd/compression.ts';

/** restic's default, and its limits. */
export const defaultPackSizeBytes = 16 * 1024 * 1024;
export const minPackSizeBytes = 4 * 1024 * 1024;
export const maxPackSizeBytes = 128 * 1024 * 1024;

/**
 * Everything a thread needs to read and write the blobs of one repository, as plain data for `workerData`. It holds the
 * repository's keys: `workerData` is the only way it may travel.
 */
export interface BlobPipelineInit {
  readonly location: Location;
  readonly key: MasterKey;
  readonly polynomial: bigint;
  readonly version: 1 | 2;
  readonly compression: Compression;
  readonly packSizeBytes: number;
  readonly module: WebAssembly.Module;
  readonly index: SharedIndexData;
  readonly claims: ClaimSetData;
  /** Packs about to be deleted: blobs that lie in no other are stored again. */
  readonly condemned?: readonly string[];
  /**
   * Open, decompress and hash every blob of a finished pack before it is stored. On unless the user says otherwise: it takes a
   * fifth of a backup's processor time, and without it a bit that flips in this machine's memory is found when it is too late.
   */
  readonly extraVerify: boolean;
}

/** The pack size itself; `invalid-input` outside restic's limits. */
export function requirePackSize(packSizeBytes: number): number {
  if (Number.isSafeInteger(packSizeBytes) && packSizeBytes >= minPackSizeBytes && packSizeBytes <= maxPackSizeBytes) return packSizeBytes;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'pack-size',
    message: `unable to use pack size ${packSizeBytes}, it must be from 4 to 128 MiB`,
  });
}
