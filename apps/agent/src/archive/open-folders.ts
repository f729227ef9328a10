import { closeSync, constants, existsSync, fchmodSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { joinPath, pathText, systemErrorCode } from '@fortfail/source';
import type { ByteText } from './tar-entry.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const descriptors = '/proc/self/fd';

interface OpenFolder {
  readonly name: ByteText;
  readonly fd: number;
  /** Names below it are reached by this path: it goes through the open descriptor, whatever happens to the names above. */
  readonly path: Buffer;
}

/**
 * The folders of a target, entered one by one below an open folder and never through a link: what another program puts in
 * the place of a folder meanwhile is not followed. Keeps the way to the last entry open, since archives go folder by folder.
 * Where the system has no /proc, each component is looked at instead.
 */
export class OpenFolders {
  readonly #open: OpenFolder[] = [];
  readonly #hasDescriptors = existsSync(descriptors);

  constructor(root: Buffer) {
    this.#enter('', root);
  }

  /** Where to write an entry: a path of which only the last name is still to be looked up. Makes missing folders, mode 0700. */
  placeOf(parts: readonly ByteText[]): Buffer {
    const folders = parts.slice(0, -1);
    let depth = 0;
    while (depth < folders.length && this.#open[depth + 1]?.name === folders[depth]) depth += 1;
    this.#leaveTo(depth);
    for (const name of folders.slice(depth)) this.#enterOrMake(name);
    return joinPath(this.#last().path, Buffer.from(parts.at(-1) ?? '', 'latin1'));
  }

  #last(): OpenFolder {
    const last = this.#open.at(-1);
    if (last === undefined) throw new FortFailError({ kind: 'bug', code: 'folders-closed', message: 'the folders are closed' });
    return last;
  }

  #enterOrMake(name: ByteText): void {
    const path = joinPath(this.#last().path, Buffer.from(name, 'latin1'));
    makeFolder(path);
    this.#enter(name, path);
  }

  #enter(name: ByteText, path: Buffer): void {
    const fd = openFolder(path);
    this.#open.push({ name, fd, path: this.#hasDescriptors ? Buffer.from(`${descriptors}/${fd}`) : path });
  }

  #leaveTo(depth: number): void {
    for (const { fd } of this.#open.splice(depth + 1)) closeSync(fd);
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }
}

function openFolder(path: Buffer): number {
  try {
    return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    throw inTheWay(path, error);
  }
}

/** Makes a folder of mode 0700, whatever the umask is; one that is there, and is a real folder, will do. */
export function makeFolder(path: Buffer): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    if (!lstatSync(path).isDirectory()) throw inTheWay(path, error);
    return;
  }
  const fd = openFolder(path);
  try {
    fchmodSync(fd, 0o700);
  } finally {
    closeSync(fd);
  }
}

function inTheWay(path: Buffer, cause: unknown): FortFailError {
  const name = pathText(path.subarray(path.lastIndexOf(0x2f) + 1));
  return new FortFailError({
    kind: 'denied',
    code: 'hostile-archive',
    message: `unable to restore from the archive: '${name}' is a folder and something else`,
    hint: 'Nothing was restored. On a disk that does not tell upper from lower case, restore onto one that does.',
    cause,
  });
}
