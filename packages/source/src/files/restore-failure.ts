import type { FortFailError } from '@fortfail/base';
import { fileError } from '../system/system-error.ts';

/** What of an entry could not be restored. */
export type RestoreStep = 'create' | 'content' | 'owner' | 'xattr' | 'times' | 'mode' | 'delete';

/** One thing that is not as the snapshot says; any of them makes a restore partial. */
export interface RestoreFailure {
  readonly path: Buffer;
  readonly step: RestoreStep;
  readonly error: FortFailError;
}

const objects: Readonly<Record<RestoreStep, string>> = {
  create: 'create',
  content: 'write',
  owner: 'set the owner of',
  xattr: 'set an extended attribute of',
  times: 'set the times of',
  mode: 'set the mode of',
  delete: 'delete',
};

/** A failure in the words of its step; `detail` replaces those words. */
export function restoreFailure(path: Uint8Array, step: RestoreStep, error: unknown, detail?: string): RestoreFailure {
  return { path: Buffer.from(path), step, error: fileError(error, detail ?? objects[step], path) };
}
