import { brokenArchive } from './archive-error.ts';
import type { ByteText, Region } from './tar-entry.ts';
import { readNumber } from './tar-numbers.ts';

export const blockBytes = 512;

/** One header block, read but not yet put together with those before it. */
export interface TarHeader {
  readonly path: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  /** POSIX's one character; '0' also for the NUL of the oldest archives. */
  readonly flag: string;
  readonly linkTarget: ByteText;
  /** Of GNU's own form of files with holes (flag `S`). */
  readonly holes: { readonly regions: readonly Region[]; readonly goesOn: boolean; readonly realBytes: number } | undefined;
}

/** True when the block is all zero: the end of the archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function text(block: Buffer, start: number, length: number): ByteText {
  const field = block.toString('latin1', start, start + length);
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}

function hasRightSum(block: Buffer): boolean {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let i = 0; i < blockBytes; i += 1) {
    if (i >= 148 && i < 156) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    // Some old programs added their bytes as signed ones.
    signed += byte > 127 ? byte - 256 : byte;
  }
  const recorded = readNumber(block.subarray(148, 156), 'checksum');
  return recorded === unsigned || recorded === signed;
}

/** `count` pairs of GNU's map of holes, up to the first that is empty. */
export function readOldRegions(block: Buffer, start: number, count: number): Region[] {
  const regions: Region[] = [];
  for (let i = 0; i < count; i += 1) {
    const at = start + i * 24;
    if (block[at] === 0) break;
    const offset = readNumber(block.subarray(at, at + 12), 'map of holes');
    regions.push({ offset, length: readNumber(block.subarray(at + 12, at + 24), 'map of holes') });
  }
  return regions;
}

/** Reads a header block. Throws `damaged` when it is none. */
export function readTarHeader(block: Buffer): TarHeader {
  if (!hasRightSum(block)) throw brokenArchive('a header in it is damaged, or it is no tar archive');
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const flag = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  const prefix = isPosix ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  const sizeBytes = readNumber(block.subarray(124, 136), 'size');
  if (sizeBytes < 0) throw brokenArchive('an entry in it has a negative size');
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: readNumber(block.subarray(100, 108), 'mode') & 0o7777,
    uid: readNumber(block.subarray(108, 116), 'owner'),
    gid: readNumber(block.subarray(116, 124), 'group'),
    sizeBytes,
    mtimeSeconds: readNumber(block.subarray(136, 148), 'time'),
    flag,
    linkTarget: text(block, 157, 100),
    holes:
      flag === 'S'
        ? {
            regions: readOldRegions(block, 386, 4),
            goesOn: (block[482] ?? 0) !== 0,
            realBytes: readNumber(block.subarray(483, 495), 'size'),
          }
        : undefined,
  };
}
