/** The entries of one index document in columns: no object and no text for a blob, of which there may be millions. */
export class IndexTable {
  /** Packs in the order of the document; pack `i` owns the rows from `packEnds[i - 1]` (or 0) up to `packEnds[i]`. */
  readonly packIds: string[] = [];
  readonly packEnds: number[] = [];
  rows = 0;
  /** 32 bytes a row. */
  ids: Uint8Array;
  offsets: Uint32Array;
  lengths: Uint32Array;
  /** 0 for a blob stored raw. */
  uncompressedLengths: Uint32Array;
  /** 1 for a tree. */
  treeFlags: Uint8Array;

  constructor(expectedRows: number) {
    const room = Math.max(16, expectedRows);
    this.ids = new Uint8Array(room * 32);
    this.offsets = new Uint32Array(room);
    this.lengths = new Uint32Array(room);
    this.uncompressedLengths = new Uint32Array(room);
    this.treeFlags = new Uint8Array(room);
  }

  beginPack(id: string): void {
    this.packIds.push(id);
    this.packEnds.push(this.rows);
  }

  /** Adds a blob to the pack begun last and returns its row; the caller writes its id into `ids` at `row * 32`. */
  addRow(isTree: boolean, offset: number, length: number, uncompressedLength: number): number {
    const row = this.rows;
    if (row === this.offsets.length) this.#grow();
    this.offsets[row] = offset;
    this.lengths[row] = length;
    this.uncompressedLengths[row] = uncompressedLength;
    this.treeFlags[row] = isTree ? 1 : 0;
    this.rows = row + 1;
    this.packEnds[this.packEnds.length - 1] = this.rows;
    return row;
  }

  /** Calls back for each pack with the range of its rows. */
  forEachPack(onPack: (id: string, firstRow: number, endRow: number) => void): void {
    let first = 0;
    for (const [i, id] of this.packIds.entries()) {
      const end = this.packEnds[i] ?? first;
      onPack(id, first, end);
      first = end;
    }
  }

  #grow(): void {
    const room = this.offsets.length * 2;
    const wider = <T extends Uint8Array | Uint32Array>(old: T, created: T): T => {
      created.set(old);
      return created;
    };
    this.ids = wider(this.ids, new Uint8Array(room * 32));
    this.offsets = wider(this.offsets, new Uint32Array(room));
    this.lengths = wider(this.lengths, new Uint32Array(room));
    this.uncompressedLengths = wider(this.uncompressedLengths, new Uint32Array(room));
    this.treeFlags = wider(this.treeFlags, new Uint8Array(room));
  }
}
