import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, open, type open as openFile, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FortFailError, type Logger, noLogger } from '@fortfail/base';
import { throwIfAborted } from '../abort.ts';
import type {
  BackendProperties,
  ByteRange,
  FileInfo,
  FileType,
  GetOptions,
  Handle,
  IoOptions,
  Location,
  StorageBackend,
} from '../backend.ts';
import { describeHandle, fanOut, folders, isFileName, listedTypes, pathOf } from '../layout.ts';
import { checkRange, endsEarly, memoryFor } from '../range.ts';
import { linkNew, publishNew, publishReplacing, removeLeftOvers, syncFolder } from './durable-file.ts';
import { errnoOf, fromErrno } from './errno.ts';

interface Modes {
  readonly folder: number;
  readonly file: number;
}

/** How many files of one folder are looked at together when listing. */
const statBatch = 64;

/**
 * A store in a folder of this machine (or of a share mounted on it), in restic's layout.
 *
 * - Files are written under a temporary name, synced, linked to their name (which never replaces), and the folder is
 *   synced. Modes are restic's: files 0400 and folders 0700, or 0440 and 0770 when `config` is readable by the group.
 * - Temporary files of crashed writers are harmless; the first `put` into a folder removes those older than a day.
 * - `move` links the new name and removes the old one. Linking is the instant that counts: it fails `not-found` when the
 *   source is gone and `conflict` when the target is taken. A crash in between leaves both names on the same bytes.
 */
export class LocalBackend implements StorageBackend {
  readonly location: Location;
  readonly properties: BackendProperties = { connections: 4, hasMove: true, listDelayMs: 0 };
  readonly #root: string;
  readonly #logger: Logger;
  readonly #cleaned = new Set<string>();
  #modes: Modes | undefined;

  constructor(path: string, logger: Logger = noLogger) {
    this.#root = path;
    this.#logger = logger;
    this.location = { kind: 'local', path };
  }

  async create(options?: IoOptions): Promise<void> {
    throwIfAborted(options);
    await this.#attempt('create folders', async () => {
      const { folder } = await this.#readModes();
      await makeFolder(this.#root, folder);
      for (const type of listedTypes) await makeFolder(join(this.#root, folders[type]), folder);
      const data = join(this.#root, folders.pack);
      for (const name of fanOut) await mkdirUnlessThere(join(data, name), folder);
      for (const path of [data, join(this.#root, 'fortfail'), this.#root]) await syncFolder(path);
    });
  }

  async put(handle: Handle, body: Uint8Array, options?: IoOptions): Promise<void> {
    const path = join(this.#root, pathOf(handle));
    throwIfAborted(options);
    await this.#attempt(`store ${describeHandle(handle)}`, async () => {
      const modes = await this.#readModes();
      await this.#inFolderOf(path, modes, () => publishNew(path, body, modes.file));
      await this.#cleanFolderOf(path);
    });
  }

  async get(handle: Handle, range?: ByteRange, options?: GetOptions): Promise<Uint8Array> {
    const path = join(this.#root, pathOf(handle));
    if (range !== undefined) checkRange(range);
    throwIfAborted(options);
    return await this.#attempt(`read ${describeHandle(handle)}`, async () => {
      const file = await open(path, 'r');
      try {
        const wanted = range ?? { offset: 0, length: (await file.stat()).size };
        const memory = memoryFor(wanted.length, options);
        const done = await fill(file, memory, wanted.offset);
        if (done < memory.length) throw endsEarly(handle, wanted, wanted.offset + done);
        return memory;
      } finally {
        await file.close();
      }
    });
  }

  async stat(handle: Handle, options?: IoOptions): Promise<FileInfo> {
    const path = join(this.#root, pathOf(handle));
    throwIfAborted(options);
    return await this.#attempt(`find ${describeHandle(handle)}`, async () => {
      const info = await stat(path);
      if (info.isFile()) return { name: handle.name, sizeBytes: info.size, modified: info.mtime };
      throw new FortFailError({
        kind: 'damaged',
        code: 'not-a-file',
        message: `${describeHandle(handle)} is not a file in '${this.#root}'`,
      });
    });
  }

  async *list(type: FileType, options?: IoOptions): AsyncIterable<FileInfo> {
    if (type === 'config') {
      const info = await this.stat({ type, name: '' }, options).catch((error: unknown) => {
        if (error instanceof FortFailError && error.kind === 'not-found') return undefined;
        throw error;
      });
      if (info !== undefined) yield info;
      return;
    }
    const folder = join(this.#root, folders[type]);
    if (type !== 'pack') {
      yield* this.#listFolder(folder, type, '', options);
      return;
    }
    for (const prefix of await this.#names(folder, options)) {
      if (/^[0-9a-f]{2}$/.test(prefix)) yield* this.#listFolder(join(folder, prefix), type, prefix, options);
    }
  }

  async remove(handle: Handle, options?: IoOptions): Promise<void> {
    const path = join(this.#root, pathOf(handle));
    throwIfAborted(options);
    await this.#attempt(`remove ${describeHandle(handle)}`, async () => {
      await unlink(path);
      // A lock, index or snapshot that came back after a power cut would undo a decision; a pack or a probe is only garbage.
      if (handle.type !== 'pack' && handle.type !== 'clock') await syncFolder(dirname(path));
    });
  }

  async move(from: Handle, to: Handle, options?: IoOptions): Promise<void> {
    const source = join(this.#root, pathOf(from));
    const target = join(this.#root, pathOf(to));
    throwIfAborted(options);
    await this.#attempt(`move ${describeHandle(from)} to ${describeHandle(to)}`, async () => {
      const modes = await this.#readModes();
      await this.#linkInto(source, target, modes);
      await syncFolder(dirname(target));
      await unlink(source).catch((error: unknown) => {
        // Somebody removed the source after the link was made: the move had happened by then.
        if (errnoOf(error) !== 'ENOENT') throw error;
      });
      await syncFolder(dirname(source));
    });
  }

  async replaceConfig(body: Uint8Array, options?: IoOptions): Promise<void> {
    throwIfAborted(options);
    await this.#attempt('replace config', async () => {
      const modes = await this.#readModes();
      await publishReplacing(join(this.#root, 'config'), body, modes.file);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** Whether the source is missing must be known before a target folder is made for it. */
  async #linkInto(source: string, target: string, modes: Modes): Promise<void> {
    await lstat(source);
    await this.#inFolderOf(target, modes, () => linkNew(source, target));
  }

  async #attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fromErrno(error, doing, this.#root);
    }
  }

  /** restic's rule: when the group may read `config`, it may read everything; before there is one, nobody else may. */
  async #readModes(): Promise<Modes> {
    if (this.#modes !== undefined) return this.#modes;
    const config = await statIfThere(join(this.#root, 'config'));
    if (config === undefined) return { folder: 0o700, file: 0o400 };
    this.#modes = (config.mode & 0o040) === 0 ? { folder: 0o700, file: 0o400 } : { folder: 0o770, file: 0o440 };
    return this.#modes;
  }

  /** Does `work`, once more after making the folder when that was missing (a store made by another program). */
  async #inFolderOf(path: string, modes: Modes, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // An unmounted disk must not turn into a new store on the disk below it.
      await stat(this.#root);
      await makeFolder(dirname(path), modes.folder);
      await work();
    }
  }

  async #cleanFolderOf(path: string): Promise<void> {
    const folder = dirname(path);
    if (this.#cleaned.has(folder)) return;
    this.#cleaned.add(folder);
    const written = await lstat(path).catch(() => undefined);
    if (written === undefined) return;
    const removed = await removeLeftOvers(folder, written.mtime).catch((error: unknown) => {
      this.#logger.warn({ folder, errno: errnoOf(error) }, 'left-over temporary files not cleaned');
      return 0;
    });
    if (removed > 0) this.#logger.info({ folder, removed }, 'left-over temporary files removed');
  }

  async #names(folder: string, options: IoOptions | undefined): Promise<string[]> {
    throwIfAborted(options);
    return await this.#attempt('list files', async () => {
      try {
        return await readdir(folder);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
        // A folder nobody wrote into yet is empty; a store that is not there at all is not.
        await stat(this.#root);
        return [];
      }
    });
  }

  async *#listFolder(folder: string, type: FileType, prefix: string, options: IoOptions | undefined): AsyncIterable<FileInfo> {
    const names = (await this.#names(folder, options)).filter((name) => isFileName(type, name) && name.startsWith(prefix));
    for (let begin = 0; begin < names.length; begin += statBatch) {
      throwIfAborted(options);
      const batch = names.slice(begin, begin + statBatch);
      const infos = await this.#attempt('list files', () => Promise.all(batch.map((name) => statIfThere(join(folder, name)))));
      for (const [position, info] of infos.entries()) {
        const name = batch[position];
        if (name !== undefined && info?.isFile() === true) yield { name, sizeBytes: info.size, modified: info.mtime };
      }
    }
  }
}

async function fill(file: Awaited<ReturnType<typeof openFile>>, memory: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < memory.length) {
    const { bytesRead } = await file.read(memory, done, memory.length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function mkdirUnlessThere(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Makes a folder and those above it, each durable in the one above. One by one: Node's recursive mkdir never ends where a
 * file system answers that a folder it just showed does not exist, as /proc does.
 */
async function makeFolder(path: string, mode: number): Promise<void> {
  const missing: string[] = [];
  for (let at = path; (await statIfThere(at)) === undefined; at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    if (!(await mkdirUnlessThere(folder, mode))) continue;
    if (mode !== 0o700) await chmod(folder, mode);
    await syncFolder(dirname(folder));
  }
  if (missing.length === 0) await mkdir(path, { recursive: true });
}
