import { brokenArchive } from './archive-error.ts';
import type { Attribute, ByteText, Region } from './tar-entry.ts';
import { readDecimal } from './tar-numbers.ts';

/**
 * The records of a POSIX extended header, in order: GNU's oldest form of holes repeats its keys. Values are byte texts:
 * `hdrcharset=BINARY` or not, a name is the bytes that were written. Throws `damaged`.
 */
export function readExtendedRecords(bytes: Buffer): (readonly [key: string, value: ByteText])[] {
  const records: (readonly [string, ByteText])[] = [];
  let at = 0;
  while (at < bytes.length) {
    const gap = bytes.indexOf(0x20, at);
    const lengthText = gap < 0 ? '' : bytes.toString('latin1', at, Math.min(gap, at + 12));
    const length = /^[1-9]\d*$/.test(lengthText) ? Number(lengthText) : 0;
    const end = at + length;
    if (length === 0 || end > bytes.length || end <= gap + 1 || bytes[end - 1] !== 0x0a) {
      throw brokenArchive('an extended header is malformed');
    }
    const record = bytes.toString('latin1', gap + 1, end - 1);
    const equals = record.indexOf('=');
    if (equals <= 0) throw brokenArchive('an extended header is malformed');
    records.push([Buffer.from(record.slice(0, equals), 'latin1').toString('utf8'), record.slice(equals + 1)]);
    at = end;
  }
  return records;
}

/** One record as it is written: its own length counts the digits of that length. */
export function extendedRecord(key: string, value: ByteText | Buffer): Buffer {
  const body = Buffer.concat([
    Buffer.from(` ${key}=`, 'utf8'),
    typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
    Buffer.from('\n'),
  ]);
  let digits = String(body.length).length;
  if (String(body.length + digits).length > digits) digits += 1;
  return Buffer.concat([Buffer.from(String(body.length + digits)), body]);
}

const schily = 'SCHILY.xattr.';

/** The extended attributes among the records. */
export function attributesOf(records: ReadonlyMap<string, ByteText>): Attribute[] {
  const attributes: Attribute[] = [];
  for (const [key, value] of records) {
    if (key.startsWith(schily)) attributes.push({ name: key.slice(schily.length), value: Buffer.from(value, 'latin1') });
  }
  return attributes;
}

/** More holes than any file needs would only fill the memory. */
const mostRegions = 262_144;

/** Throws `damaged` unless the regions follow each other within the file. */
export function checkRegions(regions: readonly Region[], sizeBytes: number): void {
  if (regions.length > mostRegions) throw brokenArchive('a file in it has too many holes');
  let end = 0;
  for (const { offset, length } of regions) {
    if (offset < end || offset + length > sizeBytes) throw brokenArchive('the map of a file with holes is malformed');
    end = offset + length;
  }
}

/** Regions of the forms 0.0 (repeated keys) and 0.1 (one list) of GNU's files with holes; undefined when there are none. */
export function regionsOf(records: readonly (readonly [string, ByteText])[]): Region[] | undefined {
  const map = records.findLast(([key]) => key === 'GNU.sparse.map')?.[1];
  const numbers =
    map === undefined
      ? records.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes').map(([, value]) => value)
      : map.split(',');
  if (map === undefined && numbers.length === 0) return undefined;
  return pairUp(map === '' ? [] : numbers);
}

/** Offsets and lengths in turn. Throws `damaged`. */
export function pairUp(numbers: readonly string[]): Region[] {
  if (numbers.length % 2 !== 0) throw brokenArchive('the map of a file with holes is malformed');
  const regions: Region[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    regions.push({ offset: readDecimal(numbers[i] ?? '', 'map of holes'), length: readDecimal(numbers[i + 1] ?? '', 'map of holes') });
  }
  return regions;
}
