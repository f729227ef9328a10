import { brokenArchive } from './archive-error.ts';
import { ByteSource } from './byte-source.ts';
import { attributesOf, checkRegions, pairUp, readExtendedRecords, regionsOf } from './extended-header.ts';
import type { ByteText, EntryType, Region, TarEntry } from './tar-entry.ts';
import { blockBytes, isZeroBlock, readOldRegions, readTarHeader, type TarHeader } from './tar-header.ts';
import { readDecimal, readTime } from './tar-numbers.ts';

/** An entry with its bytes. They are to be read before the next entry is asked for; what was not read is skipped. */
export interface TarMember {
  readonly entry: TarEntry;
  /** The stored bytes in pieces; of a file with holes those of its regions, one after the other. */
  content(): AsyncIterable<Buffer>;
}

/** Extended headers and long names beyond it are no names any more. */
const longestHeaderBytes = 4 * 1024 * 1024;
/** What holds for all entries is kept to the end, so there must be little of it. */
const mostForAll = 64 * 1024;
const typesByFlag: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hard-link',
  '2': 'symlink',
  '3': 'char-device',
  '4': 'block-device',
  '5': 'folder',
  D: 'folder',
  '6': 'fifo',
};
/** Entries of these flags have no bytes, whatever their size says; GNU tar and Python agree on that. */
const bodiless: ReadonlySet<string> = new Set(['1', '2', '3', '4', '5', '6']);

/** What headers before an entry say about it. */
interface Extension {
  records: (readonly [string, ByteText])[];
  longPath: ByteText | undefined;
  longLink: ByteText | undefined;
}

const nothing = (): Extension => ({ records: [], longPath: undefined, longLink: undefined });

/**
 * The entries of a tar archive of any common dialect (v7, ustar, GNU with long names and holes, POSIX with extended
 * headers), in order, with bounded memory. Judges nothing but the form. Throws `damaged` when that is broken, and when the
 * end mark is missing: an archive cut between two entries looks whole otherwise.
 */
export async function* readTar(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember, void, undefined> {
  const source = new ByteSource(pieces);
  try {
    let everywhere: (readonly [string, ByteText])[] = [];
    let extension = nothing();
    for (;;) {
      const block = await source.take(blockBytes);
      if (block === undefined) throw brokenArchive('it is cut short, its end mark is missing');
      if (isZeroBlock(block)) {
        if (extension.records.length > 0 || extension.longPath !== undefined) throw brokenArchive('it is cut short');
        return;
      }
      const header = readTarHeader(block);
      if (header.flag === 'x' || header.flag === 'X') extension.records = readExtendedRecords(await wholeBody(source, header));
      else if (header.flag === 'g')
        everywhere = [...everywhere, ...readExtendedRecords(await wholeBody(source, header, mostForAll))].slice(-100);
      else if (header.flag === 'L') extension.longPath = untilNul(await wholeBody(source, header));
      else if (header.flag === 'K') extension.longLink = untilNul(await wholeBody(source, header));
      else {
        const body = await openBody(source, header, extension, everywhere);
        yield { entry: body.entry, content: () => body.content() };
        await body.skip();
        extension = nothing();
      }
    }
  } finally {
    await source.close();
  }
}

const padding = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

async function wholeBody(source: ByteSource, header: TarHeader, mostBytes = longestHeaderBytes): Promise<Buffer> {
  if (header.sizeBytes > mostBytes) throw brokenArchive('a name in it is too long');
  if (header.sizeBytes === 0) return Buffer.alloc(0);
  const bytes = await source.take(header.sizeBytes + padding(header.sizeBytes));
  if (bytes === undefined) throw brokenArchive('it is cut short');
  return bytes.subarray(0, header.sizeBytes);
}

function untilNul(bytes: Buffer): ByteText {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

class Body {
  readonly entry: TarEntry;
  readonly #source: ByteSource;
  #left: number;
  #padding: number;

  constructor(source: ByteSource, entry: TarEntry, storedBytes: number, paddingBytes: number) {
    this.entry = entry;
    this.#source = source;
    this.#left = storedBytes;
    this.#padding = paddingBytes;
  }

  async *content(): AsyncGenerator<Buffer, void, undefined> {
    while (this.#left > 0) {
      const part = await this.#source.some(this.#left);
      this.#left -= part.length;
      yield part;
    }
  }

  async skip(): Promise<void> {
    this.#left += this.#padding;
    this.#padding = 0;
    while (this.#left > 0) this.#left -= (await this.#source.some(this.#left)).length;
  }
}

async function openBody(
  source: ByteSource,
  header: TarHeader,
  extension: Extension,
  everywhere: readonly (readonly [string, ByteText])[],
): Promise<Body> {
  const all = [...everywhere, ...extension.records];
  const records = new Map(all);
  const sizeText = records.get('size');
  let storedBytes = sizeText === undefined ? header.sizeBytes : readDecimal(sizeText, 'size');
  if (bodiless.has(header.flag)) storedBytes = 0;
  const bodyPadding = padding(storedBytes);
  const path = records.get('GNU.sparse.name') ?? records.get('path') ?? extension.longPath ?? header.path;
  // Archives of the oldest kind tell a folder by its name only.
  const type = header.flag === '0' && path.endsWith('/') ? 'folder' : (typesByFlag[header.flag] ?? 'other');
  const realText = records.get('GNU.sparse.realsize') ?? records.get('GNU.sparse.size');
  let regions = header.holes === undefined ? regionsOf(all) : await oldRegions(source, header.holes);
  if (records.get('GNU.sparse.major') === '1') {
    const map = await readMapInBody(source, storedBytes);
    regions = map.regions;
    storedBytes -= map.bytes;
  }
  const realBytes = header.holes?.realBytes ?? (realText === undefined ? storedBytes : readDecimal(realText, 'size'));
  if (regions !== undefined) {
    checkRegions(regions, realBytes);
    if (regions.reduce((sum, { length }) => sum + length, 0) !== storedBytes) throw brokenArchive('a file with holes in it is malformed');
  }
  const mtime = records.get('mtime');
  const entry: TarEntry = {
    path,
    type,
    mode: header.mode,
    uid: ownerOf(records.get('uid'), header.uid),
    gid: ownerOf(records.get('gid'), header.gid),
    mtimeNs: mtime === undefined ? BigInt(header.mtimeSeconds) * 1_000_000_000n : readTime(mtime),
    sizeBytes: type !== 'file' ? 0 : regions === undefined ? storedBytes : realBytes,
    linkTarget: records.get('linkpath') ?? extension.longLink ?? header.linkTarget,
    attributes: attributesOf(records),
    regions,
  };
  return new Body(source, entry, storedBytes, bodyPadding);
}

function ownerOf(text: string | undefined, fromHeader: number): number {
  return text === undefined ? fromHeader : readDecimal(text, 'owner');
}

/** The rest of GNU's own map of holes: blocks of their own behind the header, which its size does not count. */
async function oldRegions(source: ByteSource, holes: NonNullable<TarHeader['holes']>): Promise<Region[]> {
  const regions = [...holes.regions];
  for (let goesOn = holes.goesOn; goesOn; ) {
    const block = await source.take(blockBytes);
    if (block === undefined) throw brokenArchive('it is cut short');
    regions.push(...readOldRegions(block, 0, 21));
    checkRegions(regions, holes.realBytes);
    goesOn = (block[504] ?? 0) !== 0;
  }
  return regions;
}

/** The map of holes of the form 1.0: decimal lines at the start of the body, their count first, filled up to a block. */
async function readMapInBody(source: ByteSource, storedBytes: number): Promise<{ readonly regions: Region[]; readonly bytes: number }> {
  let text = '';
  let bytes = 0;
  let wanted = 1;
  const lines: string[] = [];
  while (lines.length < wanted) {
    if (bytes + blockBytes > storedBytes || bytes > longestHeaderBytes) throw brokenArchive('the map of a file with holes is malformed');
    const block = await source.take(blockBytes);
    if (block === undefined) throw brokenArchive('it is cut short');
    bytes += blockBytes;
    text += block.toString('latin1');
    const complete = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(0, complete).split('\n').slice(0, -1)) lines.push(line);
    text = text.slice(complete);
    wanted = lines.length === 0 ? 1 : 1 + 2 * readDecimal(lines[0] ?? '', 'map of holes');
  }
  return { regions: pairUp(lines.slice(1, wanted)), bytes };
}
