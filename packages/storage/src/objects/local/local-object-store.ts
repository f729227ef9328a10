import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { throwIfAborted } from '../../abort.ts';
import type { IoOptions } from '../../backend.ts';
import { syncFolder } from '../../local/durable-file.ts';
import { errnoOf, fromErrno } from '../../local/errno.ts';
import { checkedBody } from '../checked-body.ts';
import { checkKey, type ObjectClaim, type ObjectStore, type StoredObject } from '../object-store.ts';

/** What stays free for everything else on that disk. */
const spareBytes = 128 << 20;

/**
 * Objects as files of one folder (0700, files 0600). An upload is written beside them, in `partial/`, checked, forced to
 * the disk and only then renamed: what has a key is whole.
 */
export class LocalObjectStore implements ObjectStore {
  readonly kind = 'local';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async prepare(): Promise<void> {
    await this.#doing('make the object folder', async () => {
      await mkdir(this.#partial, { recursive: true, mode: 0o700 });
      // The folder belongs to one process, so whatever lies here was left by one that died.
      for (const name of await readdir(this.#partial)) await unlink(join(this.#partial, name));
    });
  }

  async reserve(sizeBytes: number): Promise<void> {
    const { bavail, bsize } = await this.#doing('look at free space', () => statfs(this.#folder));
    if (bavail * bsize - sizeBytes >= spareBytes) return;
    throw new FortFailError({
      kind: 'no-space',
      code: 'object-no-space',
      message: `unable to take in ${sizeBytes} bytes, the disk of the object folder has not that much free`,
      hint: 'Free some space. Nothing was written.',
    });
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, claim: ObjectClaim, options: IoOptions = {}): Promise<void> {
    const path = this.#path(key);
    const temporary = join(this.#partial, randomBytes(16).toString('hex'));
    await this.#doing('store an object', async () => {
      const file = await open(temporary, 'wx', 0o600);
      try {
        try {
          for await (const piece of checkedBody(body, claim)) {
            throwIfAborted(options);
            await writeAll(file, piece);
          }
          await file.sync();
        } finally {
          await file.close();
        }
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rename(temporary, path);
      } catch (error) {
        await removeFile(temporary);
        throw error;
      }
      await syncFolder(dirname(path));
      await syncFolder(this.#folder);
    });
  }

  async get(key: string, options: IoOptions = {}): Promise<StoredObject> {
    throwIfAborted(options);
    const path = this.#path(key);
    const file = await this.#doing('read an object', () => open(path, 'r'));
    try {
      const { size } = await file.stat();
      const stream = createReadStream('', { fd: file, autoClose: true, ...(options.signal && { signal: options.signal }) });
      return { sizeBytes: size, body: stream };
    } catch (error) {
      await file.close();
      throw fromErrno(error, 'read an object', this.#folder);
    }
  }

  async head(key: string): Promise<{ readonly sizeBytes: number } | undefined> {
    const path = this.#path(key);
    const found = await this.#doing('look for an object', () =>
      lstat(path).catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }),
    );
    return found?.isFile() === true ? { sizeBytes: found.size } : undefined;
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    await this.#doing('remove an object', () => removeFile(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls.
  }

  get #partial(): string {
    return join(this.#folder, 'partial');
  }

  #path(key: string): string {
    return join(this.#folder, checkKey(key));
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fromErrno(error, what, this.#folder);
    }
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let written = 0; written < piece.length; ) {
    const { bytesWritten } = await file.write(piece, written, piece.length - written);
    written += bytesWritten;
  }
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}
