import { FortFailError, type Secret } from '@fortfail/base';
import type { StorageBackend } from '@fortfail/storage';
import type { KdfParameters } from '../format/key-document.ts';
import { createKeySlot, findKeySlot, type NewKeyOptions } from './key-slots.ts';

/** A password to be added, and who it is said to belong to. */
export interface NewPassword {
  readonly password: Secret;
  /** This host and user unless given. */
  readonly hostname?: string | undefined;
  readonly username?: string | undefined;
  readonly kdf?: KdfParameters | undefined;
  readonly allowEmptyPassword?: boolean | undefined;
}

/** Removes another slot than the one in use; the master key stays, so whoever knew it still knows it. */
export async function removeKeySlot(backend: StorageBackend, idPrefix: string, currentId: string): Promise<string> {
  const id = await findKeySlot(backend, idPrefix);
  if (id === currentId) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'current-key',
      message: `unable to remove key '${id.slice(0, 8)}', it is the one in use`,
      hint: 'Open the repository with another password first.',
    });
  }
  await backend.remove({ type: 'key', name: id });
  return id;
}

/** Adds the new slot and removes the old one only after the new one was read back and opened. */
export async function replaceKeySlot(options: NewKeyOptions, oldId: string): Promise<string> {
  const id = await createKeySlot(options);
  await options.backend.remove({ type: 'key', name: oldId });
  return id;
}
