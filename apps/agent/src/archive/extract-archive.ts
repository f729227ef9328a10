import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { joinPath, setTimes, setXattr, syncFileSystem, systemErrorCode } from '@fortfail/source';
import { brokenArchive } from './archive-error.ts';
import { type ArchiveLimits, archiveLimits, caseClashes, EntryJudge, type LaterLink, shown } from './judge-entries.ts';
import { type GrowthLimits, growthLimits, openArchive } from './open-archive.ts';
import { makeFolder, OpenFolders } from './open-folders.ts';
import { readTar, type TarMember } from './read-tar.ts';
import type { ByteText, TarEntry } from './tar-entry.ts';

export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

export interface Extraction {
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
  /** What the archive has and the target has not, the first hundred. */
  readonly leftOut: readonly LeftOut[];
  readonly leftOutCount: number;
  /** Paths that differ only in case, the first hundred; both are there. */
  readonly caseClashes: readonly string[];
}

export interface ExtractOptions {
  readonly archive: string;
  /** An empty folder that only this user may enter. What is in it after a failure is to be removed by the caller. */
  readonly into: Buffer;
  /** Gives files their recorded owners; needs root. Set-user-id bits never come back. */
  readonly keepsOwners: boolean;
  readonly signal: AbortSignal;
  readonly limits?: ArchiveLimits;
  readonly growth?: GrowthLimits;
  /** Told of the bytes written so far. */
  readonly onProgress?: (bytes: number) => void;
}

const mostTold = 100;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = constants;

/**
 * Restores an archive into an empty folder: files and folders as they come, then hard links, then symbolic links that stay
 * inside, last the folders' modes and times; everything is on the disk when it returns. Throws `denied` for a hostile archive
 * and `damaged` for a broken one, and in both cases the whole of it is refused.
 */
export async function extractArchive(options: ExtractOptions): Promise<Extraction> {
  using extractor = new Extractor(options);
  for await (const member of readTar(openArchive(options.archive, options.growth ?? growthLimits))) {
    options.signal.throwIfAborted();
    await extractor.add(member);
  }
  return extractor.finish();
}

class Extractor {
  readonly #options: ExtractOptions;
  readonly #judge: EntryJudge;
  readonly #folders: OpenFolders;
  readonly #folderEntries = new Map<ByteText, TarEntry>();
  readonly #leftOut: LeftOut[] = [];
  #leftOutCount = 0;
  #counts = { files: 0, folders: 0, links: 0, bytes: 0 };

  constructor(options: ExtractOptions) {
    this.#options = options;
    this.#judge = new EntryJudge(options.limits ?? archiveLimits);
    this.#folders = new OpenFolders(options.into);
  }

  [Symbol.dispose](): void {
    this.#folders[Symbol.dispose]();
  }

  #leaveOut(path: ByteText, why: string): void {
    this.#leftOutCount += 1;
    if (this.#leftOut.length < mostTold) this.#leftOut.push({ path: shown(path), why });
  }

  async add(member: TarMember): Promise<void> {
    const { entry } = member;
    const judgement = this.#judge.judge(entry);
    if (judgement.todo === 'leave-out') this.#leaveOut(entry.path, judgement.why);
    else if (judgement.todo === 'folder') this.#addFolder(judgement.parts, entry);
    else if (judgement.todo === 'file') await this.#addFile(judgement.parts, member);
  }

  #addFolder(parts: readonly ByteText[], entry: TarEntry): void {
    // The target itself stays as it was made: open to its owner alone.
    if (parts.length === 0) return;
    makeFolder(this.#folders.placeOf(parts));
    if (!this.#folderEntries.has(parts.join('/'))) this.#counts.folders += 1;
    this.#folderEntries.set(parts.join('/'), entry);
  }

  async #addFile(parts: readonly ByteText[], member: TarMember): Promise<void> {
    const { entry } = member;
    const place = this.#folders.placeOf(parts);
    const isAgain = removeEarlier(place);
    const fd = openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await this.#writeContent(fd, member);
      applyToFile(fd, entry, this.#options.keepsOwners, (why) => this.#leaveOut(entry.path, why));
      setTimes(fd, entry.mtimeNs, entry.mtimeNs);
    } finally {
      closeSync(fd);
    }
    if (!isAgain) this.#counts.files += 1;
  }

  async #writeContent(fd: number, { entry, content }: TarMember): Promise<void> {
    const regions = entry.regions ?? [{ offset: 0, length: entry.sizeBytes }];
    if (entry.regions !== undefined) ftruncateSync(fd, entry.sizeBytes);
    let region = 0;
    let within = 0;
    for await (const piece of content()) {
      this.#options.signal.throwIfAborted();
      let at = 0;
      while (at < piece.length) {
        const { offset, length } = regions[region] ?? { offset: 0, length: 0 };
        if (within >= length) {
          if (region >= regions.length) throw brokenArchive('a file with holes in it is malformed');
          region += 1;
          within = 0;
          continue;
        }
        const written = writeSync(fd, piece, at, Math.min(piece.length - at, length - within), offset + within);
        at += written;
        within += written;
      }
      this.#counts.bytes += piece.length;
      this.#options.onProgress?.(this.#counts.bytes);
    }
  }

  finish(): Extraction {
    for (const link of this.#judge.hardLinks()) this.#addHardLink(link);
    for (const { parts, entry, target, staysInside } of this.#judge.symlinks()) {
      if (staysInside) this.#addSymlink(parts, entry, target);
      else this.#leaveOut(entry.path, 'it is a link that leads out of the restored folder');
    }
    const clashes = this.#finishFolders();
    syncFileSystem(this.#options.into);
    return {
      ...this.#counts,
      leftOut: this.#leftOut,
      leftOutCount: this.#leftOutCount,
      caseClashes: clashes,
    };
  }

  #addHardLink({ parts, entry }: LaterLink): void {
    const targetParts = entry.linkTarget.split('/').filter((part) => part !== '' && part !== '.');
    // By its full path: opening the way to the new name may close the way to the old one.
    const target = Buffer.from([this.#options.into.toString('latin1'), ...targetParts].join('/'), 'latin1');
    const found = lstatSync(target, { throwIfNoEntry: false });
    if (found?.isFile() !== true) throw brokenArchive(`the hard link '${shown(entry.path)}' leads to a file that it does not have`);
    const place = this.#folders.placeOf(parts);
    if (target.equals(Buffer.from([this.#options.into.toString('latin1'), ...parts].join('/'), 'latin1'))) return;
    const isAgain = removeEarlier(place);
    linkSync(target, place);
    this.#counts.links += 1;
    if (isAgain) this.#counts.files -= 1;
  }

  #addSymlink(parts: readonly ByteText[], entry: TarEntry, target: ByteText): void {
    const place = this.#folders.placeOf(parts);
    if (removeEarlier(place)) this.#counts.files -= 1;
    symlinkSync(Buffer.from(target, 'latin1'), place);
    if (this.#options.keepsOwners && isOwner(entry)) lchownSync(place, entry.uid, entry.gid);
    setTimes(place, entry.mtimeNs, entry.mtimeNs);
    this.#counts.links += 1;
  }

  /** Modes and times of folders, the deepest first, once nothing is written into them any more. Answers names that clash. */
  #finishFolders(): string[] {
    const clashes: string[] = [];
    const deepestFirst = [...this.#judge.folders()].sort((a, b) => depthOf(b) - depthOf(a));
    for (const path of deepestFirst) {
      const place = path === '' ? this.#options.into : joinPath(this.#options.into, Buffer.from(path, 'latin1'));
      for (const name of caseClashes(readdirSync(place, { encoding: 'latin1' }))) {
        if (clashes.length < mostTold) clashes.push(shown(path === '' ? name : `${path}/${name}`));
      }
      const entry = this.#folderEntries.get(path);
      if (entry !== undefined) this.#finishFolder(place, entry);
    }
    return clashes;
  }

  #finishFolder(place: Buffer, entry: TarEntry): void {
    const fd = openSync(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      applyToFile(fd, entry, this.#options.keepsOwners, (why) => this.#leaveOut(entry.path, why));
      setTimes(fd, entry.mtimeNs, entry.mtimeNs);
    } finally {
      closeSync(fd);
    }
  }
}

const depthOf = (path: ByteText): number => (path === '' ? 0 : path.split('/').length);

/** The later of two entries of one name holds. A folder never gives way. */
function removeEarlier(place: Buffer): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isDirectory()) throw brokenArchive('an entry in it is a folder and something else');
  unlinkSync(place);
  return true;
}

function applyToFile(fd: number, entry: TarEntry, keepsOwners: boolean, leaveOut: (why: string) => void): void {
  for (const { name, value } of entry.attributes) {
    // Capabilities, labels and lists of access are powers, like set-user-id: they are not given by an archive.
    if (!name.startsWith('user.')) {
      leaveOut(`its attribute ${name} is not restored`);
      continue;
    }
    try {
      setXattr(fd, name, value);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      leaveOut(`its attribute ${name} cannot be kept here`);
    }
  }
  if (keepsOwners && isOwner(entry)) fchownSync(fd, entry.uid, entry.gid);
  else if (keepsOwners) leaveOut('its owner is no number that a user has');
  fchmodSync(fd, entry.mode & 0o777);
}

const isOwner = ({ uid, gid }: TarEntry): boolean => uid >= 0 && gid >= 0 && uid < 2 ** 32 - 1 && gid < 2 ** 32 - 1;
