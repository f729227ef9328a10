import { IndexTable } from './index-table.ts';

/*
 * Index documents are the largest JSON of a repository (200 bytes for each blob), read at the start of every command.
 * Those of restic and FortFail have one layout without spaces, so they are walked byte by byte here. Whatever is laid
 * out otherwise makes the scan give up, and the caller parses it as any JSON.
 */

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const openPacks = ascii('{"packs":[');
const openPack = ascii('{"id":"');
const openBlobs = ascii('","blobs":[');
const openType = ascii('","type":"');
const data = ascii('data');
const tree = ascii('tree');
const openOffset = ascii('","offset":');
const openLength = ascii(',"length":');
const openUncompressed = ascii(',"uncompressed_length":');
const closePack = ascii(']}');

const comma = 0x2c;
const closeBrace = 0x7d;
const closeBracket = 0x5d;
const typicalRowBytes = 170;

/** 255 marks what is no lower-case hexadecimal digit. */
const hexValue = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit += 1) hexValue[digit.toString(16).charCodeAt(0)] = digit;

class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Steps over exactly these bytes; false, and no step, when others are there. */
  skip(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.at;
    for (let i = 0; i < expected.length; i += 1) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + expected.length;
    return true;
  }

  skipByte(expected: number): boolean {
    if (this.#bytes[this.at] !== expected) return false;
    this.at += 1;
    return true;
  }

  /** A whole number below 2^32, -1 for anything else. */
  number(): number {
    const bytes = this.#bytes;
    let at = this.at;
    let value = 0;
    for (;;) {
      const digit = (bytes[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at += 1;
    }
    if (at === this.at || at - this.at > 10 || value >= 2 ** 32) return -1;
    this.at = at;
    return value;
  }

  /** Decodes 64 hexadecimal digits into `target`; false when they are not there. */
  id(target: Uint8Array, targetAt: number): boolean {
    const bytes = this.#bytes;
    const at = this.at;
    let seen = 0;
    for (let i = 0; i < 32; i += 1) {
      const high = hexValue[bytes[at + 2 * i] ?? 0] ?? 255;
      const low = hexValue[bytes[at + 2 * i + 1] ?? 0] ?? 255;
      seen |= high | low;
      target[targetAt + i] = (high << 4) | low;
    }
    if (seen > 15) return false;
    this.at = at + 64;
    return true;
  }
}

/** The table of a document in the usual layout; undefined for any other. */
export function scanIndex(bytes: Uint8Array): IndexTable | undefined {
  const cursor = new Cursor(bytes);
  const table = new IndexTable(Math.ceil(bytes.length / typicalRowBytes) + 16);
  if (!cursor.skip(openPacks)) return undefined;
  if (!cursor.skipByte(closeBracket)) {
    do {
      if (!scanPack(cursor, table, bytes)) return undefined;
    } while (cursor.skipByte(comma));
    if (!cursor.skipByte(closeBracket)) return undefined;
  }
  if (!cursor.skipByte(closeBrace)) return undefined;
  for (let i = cursor.at; i < bytes.length; i += 1) if (bytes[i] !== 0x0a) return undefined;
  return table;
}

const packIdBytes = Buffer.alloc(32);
const blobIdBytes = new Uint8Array(32);

function scanPack(cursor: Cursor, table: IndexTable, bytes: Uint8Array): boolean {
  if (!cursor.skip(openPack) || !cursor.id(packIdBytes, 0) || !cursor.skip(openBlobs)) return false;
  table.beginPack(packIdBytes.toString('hex'));
  if (bytes[cursor.at] !== closeBracket) {
    do {
      if (!scanBlob(cursor, table)) return false;
    } while (cursor.skipByte(comma));
  }
  return cursor.skip(closePack);
}

function scanBlob(cursor: Cursor, table: IndexTable): boolean {
  if (!cursor.skip(openPack) || !cursor.id(blobIdBytes, 0) || !cursor.skip(openType)) return false;
  const isTree = cursor.skip(tree);
  if (!isTree && !cursor.skip(data)) return false;
  if (!cursor.skip(openOffset)) return false;
  const offset = cursor.number();
  if (offset < 0 || !cursor.skip(openLength)) return false;
  const length = cursor.number();
  if (length < 0) return false;
  const uncompressedLength = cursor.skip(openUncompressed) ? cursor.number() : 0;
  if (uncompressedLength < 0 || !cursor.skipByte(closeBrace)) return false;
  const row = table.addRow(isTree, offset, length, uncompressedLength);
  table.ids.set(blobIdBytes, row * 32);
  return true;
}
