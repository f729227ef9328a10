import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { errnoOf } from './errno.ts';

/**
 * Names of files being written: never 64 hexadecimal digits, so restic and FortFail skip them in listings, and with a
 * mark of our own (`ff`), so that only our left-overs are cleaned.
 */
const temporaryPattern = /-tmp-ff[0-9a-f]{16}$/;
const leftOverAgeMs = 24 * 60 * 60 * 1000;

/** File systems without hard links (FAT, some shares), and Linux for a file of another user (`fs.protected_hardlinks`). */
const noHardLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EMLINK']);
/** And those that cannot sync a folder, `fsync` with one of these; they write folders through or not at all. */
const noFolderSync: ReadonlySet<string> = new Set(['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP']);

/** Makes what happened in a folder (a new, renamed or removed name) survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (error) {
    if (!noFolderSync.has(errnoOf(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/** Writes `body` to a new temporary file beside `path`, durable and with its final mode. The caller publishes or removes it. */
export async function writeTemporary(path: string, body: Uint8Array, mode: number): Promise<string> {
  const temporary = `${path}-tmp-ff${randomBytes(8).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      await writeAll(file, body);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeTemporary(temporary);
    throw error;
  }
  return temporary;
}

async function writeAll(file: FileHandle, body: Uint8Array): Promise<void> {
  let written = 0;
  while (written < body.length) {
    const { bytesWritten } = await file.write(body, written, body.length - written, written);
    written += bytesWritten;
  }
}

/** Removes a temporary file; one that stays (the disk failed) is only a left-over and must not hide the first failure. */
export async function removeTemporary(temporary: string): Promise<void> {
  await unlink(temporary).catch(() => undefined);
}

/**
 * Gives the file `from` the name `to` as well, and fails with EEXIST rather than replace what is there. The caller
 * removes `from`. Where hard links are refused it looks and then renames: two writers of one name in that instant
 * would leave the later one's bytes, and names are hashes of the bytes (for `config`, two `init` at once).
 */
export async function linkNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST' && (await isSameFile(from, to))) return;
    if (!noHardLinks.has(errno)) throw error;
    await renameNew(from, to, error);
  }
}

/** NFS answers EEXIST when a link was made but its answer was lost and asked for again: then both names are one file. */
async function isSameFile(from: string, to: string): Promise<boolean> {
  if (!temporaryPattern.test(from)) return false;
  const [a, b] = await Promise.all([lstat(from, { bigint: true }), lstat(to, { bigint: true })]);
  return a.ino === b.ino && a.dev === b.dev;
}

async function renameNew(from: string, to: string, linkError: unknown): Promise<void> {
  const taken = await lstat(to).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    },
  );
  if (taken) throw new FortFailError({ kind: 'conflict', code: 'eexist', message: `'${to}' exists`, cause: linkError });
  await rename(from, to);
}

/** Stores a whole file under a name that is free, durably: it is there with all its bytes or not at all. */
export async function publishNew(path: string, body: Uint8Array, mode: number): Promise<void> {
  const temporary = await writeTemporary(path, body, mode);
  try {
    await linkNew(temporary, path);
  } finally {
    await removeTemporary(temporary);
  }
  await syncFolder(dirname(path));
}

/** Stores a whole file in place of what has the name, durably: a reader sees the old or the new bytes, never a mixture. */
export async function publishReplacing(path: string, body: Uint8Array, mode: number): Promise<void> {
  const temporary = await writeTemporary(path, body, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await removeTemporary(temporary);
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Removes what crashed writers left in a folder: files with our temporary names that are a day older than the youngest
 * thing the file system itself dated just now (`now`), so the client's clock does not matter. Best effort by nature.
 */
export async function removeLeftOvers(folder: string, now: Date): Promise<number> {
  let removed = 0;
  for (const name of await readdir(folder)) {
    if (!temporaryPattern.test(name)) continue;
    const path = join(folder, basename(name));
    const info = await lstat(path).catch(() => undefined);
    if (info === undefined || !info.isFile() || now.getTime() - info.mtimeMs < leftOverAgeMs) continue;
    await removeTemporary(path);
    removed += 1;
  }
  return removed;
}
