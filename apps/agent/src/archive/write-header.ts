import { extendedRecord } from './extended-header.ts';
import type { Attribute, ByteText, EntryType } from './tar-entry.ts';
import { blockBytes } from './tar-header.ts';
import { timeText } from './tar-numbers.ts';

/** What is written of an entry; a file's bytes follow the header, filled up to a block. */
export interface NewEntry {
  /** A folder's path ends with a slash. */
  readonly path: ByteText;
  readonly type: Exclude<EntryType, 'other'>;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly mtimeNs: bigint;
  readonly sizeBytes: number;
  readonly linkTarget: ByteText;
  readonly device: { readonly major: number; readonly minor: number };
  readonly attributes: readonly Attribute[];
}

const flags: Readonly<Record<NewEntry['type'], string>> = {
  file: '0',
  'hard-link': '1',
  symlink: '2',
  'char-device': '3',
  'block-device': '4',
  folder: '5',
  fifo: '6',
};

const mostOctal = (digits: number): number => 8 ** digits - 1;

function octal(block: Buffer, value: number, start: number, length: number): void {
  const fits = value >= 0 && value <= mostOctal(length - 1);
  // What does not fit stands in the extended header, which wins.
  block.write((fits ? value : 0).toString(8).padStart(length - 1, '0'), start, 'latin1');
}

function headerBlock(entry: Omit<NewEntry, 'attributes' | 'type'>, flag: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(entry.path.slice(0, 100), 0, 'latin1');
  octal(block, entry.mode & 0o7777, 100, 8);
  octal(block, entry.uid, 108, 8);
  octal(block, entry.gid, 116, 8);
  octal(block, entry.sizeBytes, 124, 12);
  octal(block, Number(entry.mtimeNs / 1_000_000_000n), 136, 12);
  block.write(flag, 156, 'latin1');
  block.write(entry.linkTarget.slice(0, 100), 157, 'latin1');
  block.write('ustar\0' + '00', 257, 'latin1');
  block.write(entry.user.slice(0, 31), 265, 'latin1');
  block.write(entry.group.slice(0, 31), 297, 'latin1');
  octal(block, entry.device.major, 329, 8);
  octal(block, entry.device.minor, 337, 8);
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function isText(bytes: ByteText): boolean {
  return Buffer.from(Buffer.from(bytes, 'latin1').toString('utf8'), 'utf8').toString('latin1') === bytes;
}

function records(entry: NewEntry): Buffer {
  const parts: Buffer[] = [];
  const longNames = [
    ['path', entry.path],
    ['linkpath', entry.linkTarget],
  ].filter(([, name = '']) => name.length > 100) as [string, ByteText][];
  // Says that what follows are bytes as they are, not UTF-8.
  if (longNames.some(([, name]) => !isText(name))) parts.push(extendedRecord('hdrcharset', 'BINARY'));
  for (const [key, name] of longNames) parts.push(extendedRecord(key, name));
  if (entry.sizeBytes > mostOctal(11)) parts.push(extendedRecord('size', String(entry.sizeBytes)));
  if (entry.uid > mostOctal(7)) parts.push(extendedRecord('uid', String(entry.uid)));
  if (entry.gid > mostOctal(7)) parts.push(extendedRecord('gid', String(entry.gid)));
  const isWholeSecond = entry.mtimeNs >= 0n && entry.mtimeNs % 1_000_000_000n === 0n;
  if (!isWholeSecond || entry.mtimeNs / 1_000_000_000n > BigInt(mostOctal(11)))
    parts.push(extendedRecord('mtime', timeText(entry.mtimeNs)));
  for (const { name, value } of entry.attributes) parts.push(extendedRecord(`SCHILY.xattr.${name}`, value));
  return Buffer.concat(parts);
}

/** Zeros that fill `sizeBytes` up to a block. */
export function fill(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The header of an entry as POSIX says (`pax`), with an extended one before it where the plain one has no room. */
export function writeHeader(entry: NewEntry): Buffer {
  const extended = records(entry);
  const block = headerBlock(entry, flags[entry.type]);
  if (extended.length === 0) return block;
  const before = headerBlock(
    {
      ...entry,
      path: './PaxHeaders/0',
      linkTarget: '',
      sizeBytes: extended.length,
      mtimeNs: 0n,
      uid: 0,
      gid: 0,
      user: '',
      group: '',
      mode: 0o644,
    },
    'x',
  );
  return Buffer.concat([before, extended, fill(extended.length), block]);
}

/** What ends an archive: two empty blocks, filled up to the 10 KiB that tar programs read at once. */
export function endOfArchive(sizeBytes: number): Buffer {
  const record = 20 * blockBytes;
  const rest = (record - ((sizeBytes + 2 * blockBytes) % record)) % record;
  return Buffer.alloc(2 * blockBytes + rest);
}
