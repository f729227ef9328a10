/** A path or name with one character (U+0000..U+00FF) per byte: names in archives are bytes, and seldom all of them text. */
export type ByteText = string;

export const entryTypes = ['file', 'hard-link', 'symlink', 'char-device', 'block-device', 'folder', 'fifo', 'other'] as const;
export type EntryType = (typeof entryTypes)[number];

export interface Attribute {
  readonly name: string;
  readonly value: Buffer;
}

/** Where the bytes of a file with holes lie. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/** One entry of a tar archive as its headers tell it, of whichever dialect; nothing of it has been judged. */
export interface TarEntry {
  readonly path: ByteText;
  readonly type: EntryType;
  /** Permission bits, 0..07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  /** What the file has when it is restored, holes included; 0 for everything that is no file. */
  readonly sizeBytes: number;
  /** Of links, else ''. */
  readonly linkTarget: ByteText;
  readonly attributes: readonly Attribute[];
  /** Of a file with holes: which regions the content fills, one after the other. */
  readonly regions: readonly Region[] | undefined;
}

/** The bytes of a path as a byte text. */
export function byteText(path: Uint8Array): ByteText {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('latin1');
}
