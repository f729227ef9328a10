import { FortFailError } from '@fortfail/base';
import type { FileType, Handle } from './backend.ts';

/**
 * Where each kind of file lies below the root of a store: restic's layout, plus `fortfail/`, which restic leaves alone.
 * `config` is the file of that name.
 */
export const folders = {
  config: '',
  key: 'keys',
  pack: 'data',
  index: 'index',
  snapshot: 'snapshots',
  lock: 'locks',
  condemned: 'fortfail/condemned',
  trash: 'fortfail/trash',
  hold: 'fortfail/holds',
  clock: 'fortfail/clock',
  pass: 'fortfail/passes',
} as const satisfies Record<FileType, string>;

/** Every kind of file that can be listed: all but `config`. */
export const listedTypes = ['key', 'pack', 'index', 'snapshot', 'lock', 'condemned', 'trash', 'hold', 'clock', 'pass'] as const;

/** The 256 folders that packs are spread over, by the first two digits of their name. */
export const fanOut: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const idPattern = /^[0-9a-f]{64}$/;
const clockPattern = /^[0-9a-f]{16,64}$/;

/** True for a name that FortFail or restic gives to a file of that kind; listings skip all others. */
export function isFileName(type: FileType, name: string): boolean {
  if (type === 'config') return name === '';
  return type === 'clock' ? clockPattern.test(name) : idPattern.test(name);
}

/** The path of a file below its store's root, with `/`. Throws `invalid-input` for a name that could not be listed again. */
export function pathOf(handle: Handle): string {
  if (!isFileName(handle.type, handle.name)) {
    throw new FortFailError({ kind: 'invalid-input', code: 'file-name', message: `invalid ${handle.type} name '${handle.name}'` });
  }
  if (handle.type === 'config') return 'config';
  const folder = folders[handle.type];
  return handle.type === 'pack' ? `${folder}/${handle.name.slice(0, 2)}/${handle.name}` : `${folder}/${handle.name}`;
}

/** What a message calls a file: `pack 'ab12...'`, `config`. */
export function describeHandle(handle: Handle): string {
  return handle.type === 'config' ? 'config' : `${handle.type} '${handle.name}'`;
}
