import { formatBytes } from '@fortfail/base';
import { hostileArchive } from './archive-error.ts';
import { lookBudget, resolvesInside } from './link-target.ts';
import type { ByteText, TarEntry } from './tar-entry.ts';

/** What an archive may ask for at most. */
export interface ArchiveLimits {
  readonly entries: number;
  /** Folders within folders. */
  readonly depth: number;
  /** Bytes of all files together, holes included. */
  readonly totalBytes: number;
  /** Names of links and folders, which are kept in memory to the end. */
  readonly keptNameBytes: number;
}

export const archiveLimits: ArchiveLimits = {
  entries: 10_000_000,
  depth: 255,
  totalBytes: 2 ** 43,
  keptNameBytes: 256 * 1024 * 1024,
};

/** The longest name that a file system takes. */
const longestNameBytes = 255;
/** With the target before it still below what Linux takes as a path. */
const longestPathBytes = 3500;

/** What is to be done with an entry. Links only once everything else is there. */
export type Judgement =
  | { readonly todo: 'folder' | 'file'; readonly parts: readonly ByteText[] }
  | { readonly todo: 'link-later' }
  | { readonly todo: 'leave-out'; readonly why: string };

export interface LaterLink {
  readonly parts: readonly ByteText[];
  readonly entry: TarEntry;
}

/** A path of an archive for people: what is no printable ASCII is escaped. */
export function shown(path: ByteText): string {
  const text = Buffer.from(path.slice(0, 200), 'latin1').toString('utf8');
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * The names from the target to an entry; none for the target itself. Throws `denied` for what cannot be a path below
 * the target: absolute, with a component `..` (names like `a..b` are fine), with NUL, too deep, with a name too long.
 */
export function entryParts(path: ByteText, depth = archiveLimits.depth): ByteText[] {
  if (path.includes('\0')) throw hostileArchive(`the name '${shown(path)}' contains a NUL`);
  if (path.length > longestPathBytes) throw hostileArchive(`the path '${shown(path)}...' is longer than ${longestPathBytes} bytes`);
  if (path.startsWith('/')) throw hostileArchive(`the path '${shown(path)}' is absolute`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw hostileArchive(`the path '${shown(path)}' climbs out of its folder`);
  if (parts.length > depth) throw hostileArchive(`the path '${shown(path)}' is deeper than ${depth} folders`);
  const long = parts.find((part) => part.length > longestNameBytes);
  if (long !== undefined) throw hostileArchive(`the name '${shown(long)}' is longer than ${longestNameBytes} bytes`);
  return parts;
}

/** Judges the entries of one archive in their order. Holds the links, and which names they have, until `links` is asked. */
export class EntryJudge {
  readonly #limits: ArchiveLimits;
  readonly #links = new Map<ByteText, LaterLink>();
  readonly #folders = new Set<ByteText>();
  #entries = 0;
  #bytes = 0;
  #keptNameBytes = 0;

  constructor(limits: ArchiveLimits = archiveLimits) {
    this.#limits = limits;
  }

  /** Throws `denied`, code `hostile-archive`, when the archive as a whole must not be restored. */
  judge(entry: TarEntry): Judgement {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries) throw hostileArchive(`it has more than ${this.#limits.entries} entries`);
    const parts = entryParts(entry.path, this.#limits.depth);
    const path = parts.join('/');
    const above = this.#linkAbove(parts);
    if (above !== undefined) throw hostileArchive(`'${shown(path)}' would be written through the link '${shown(above)}'`);
    this.#keepFolder(parts.slice(0, -1).join('/'));
    if (entry.type === 'folder') {
      if (this.#links.has(path)) throw hostileArchive(`'${shown(path)}' is a link and a folder`);
      this.#keepFolder(path);
      return { todo: 'folder', parts };
    }
    if (parts.length === 0) throw hostileArchive(`an entry of kind ${entry.type} has no name`);
    if (entry.type === 'file') {
      this.#count(entry.sizeBytes);
      // The later of two entries of one name holds.
      this.#links.delete(path);
      return { todo: 'file', parts };
    }
    if (entry.type === 'symlink' || entry.type === 'hard-link') {
      if (entry.type === 'hard-link') this.#checkHardLink(entry, path);
      this.#keep(path + entry.linkTarget);
      this.#links.set(path, { parts, entry });
      return { todo: 'link-later' };
    }
    const kinds = { fifo: 'a pipe', 'char-device': 'a device', 'block-device': 'a device', other: 'of an unknown kind' } as const;
    return { todo: 'leave-out', why: `it is ${kinds[entry.type]}` };
  }

  /** The first link among the folders that a path passes. */
  #linkAbove(parts: readonly ByteText[]): ByteText | undefined {
    if (this.#links.size === 0) return undefined;
    let above = '';
    for (const part of parts.slice(0, -1)) {
      above = above === '' ? part : `${above}/${part}`;
      if (this.#links.has(above)) return above;
    }
    return undefined;
  }

  #count(sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#bytes <= this.#limits.totalBytes) return;
    throw hostileArchive(`its files have more than ${formatBytes(this.#limits.totalBytes)} together`);
  }

  #keep(names: string): void {
    this.#keptNameBytes += names.length;
    if (this.#keptNameBytes > this.#limits.keptNameBytes) throw hostileArchive('it has more folders and links than can be kept in mind');
  }

  #keepFolder(path: ByteText): void {
    if (this.#folders.has(path)) return;
    this.#keep(path);
    this.#folders.add(path);
  }

  #checkHardLink(entry: TarEntry, path: ByteText): void {
    // No honest program writes another name of a file that the archive does not have.
    const target = entryParts(entry.linkTarget, this.#limits.depth);
    if (target.length === 0) throw hostileArchive(`the hard link '${shown(path)}' leads to no file`);
    if (this.#linkAbove(target) !== undefined) throw hostileArchive(`the hard link '${shown(path)}' leads through a link`);
  }

  /** All folders that hold something or are entries themselves; '' is the target. */
  folders(): ReadonlySet<ByteText> {
    return this.#folders;
  }

  /** Hard links of files, in the archive's order; their targets are there when everything before them is. */
  hardLinks(): LaterLink[] {
    return [...this.#links.values()].filter(({ entry }) => entry.type === 'hard-link' && this.#symlinkOf(entry) === undefined);
  }

  /** Symbolic links with what they lead to, and whether that stays within the target whichever links it passes. */
  symlinks(): {
    readonly parts: readonly ByteText[];
    readonly entry: TarEntry;
    readonly target: ByteText;
    readonly staysInside: boolean;
  }[] {
    const targets = new Map<ByteText, ByteText>();
    for (const [path, { entry }] of this.#links) {
      const target = entry.type === 'symlink' ? entry.linkTarget : this.#symlinkOf(entry);
      if (target !== undefined) targets.set(path, target);
    }
    const budget = lookBudget();
    return [...targets].flatMap(([path, target]) => {
      const link = this.#links.get(path);
      return link === undefined ? [] : [{ ...link, target, staysInside: resolvesInside(link.parts, targets, budget) }];
    });
  }

  /** A hard link to a symbolic link is one more symbolic link. */
  #symlinkOf(entry: TarEntry): ByteText | undefined {
    let at: TarEntry | undefined = entry;
    for (let hops = 0; hops < 8 && at?.type === 'hard-link'; hops += 1) {
      at = this.#links.get(entryParts(at.linkTarget, this.#limits.depth).join('/'))?.entry;
    }
    return at?.type === 'symlink' ? at.linkTarget : undefined;
  }
}

/** Names of one folder that differ in nothing but case or composition, which some file systems cannot keep apart. */
export function caseClashes(names: readonly ByteText[]): ByteText[] {
  const seen = new Map<string, ByteText>();
  const clashing = new Set<ByteText>();
  for (const name of names) {
    const folded = Buffer.from(name, 'latin1').toString('utf8').normalize('NFC').toUpperCase().toLowerCase();
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, name);
    else {
      clashing.add(other);
      clashing.add(name);
    }
  }
  return [...clashing];
}
