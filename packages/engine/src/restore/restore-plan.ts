import { FortFailError } from '@fortfail/base';
import type { ExtendedAttribute, SharedIndex, TreeNode } from '@fortfail/repository';
import { type ApplicableMetadata, HardLinkIndex, joinPath } from '@fortfail/source';
import { Float64Column, NameColumn, Uint32Column } from './columns.ts';

/** Where a piece of a file lies in the repository and goes to in the file. */
export interface PlannedPiece {
  readonly file: number;
  readonly packOffset: number;
  readonly fileOffset: number;
}

export interface PlannedBlob {
  readonly id: string;
  readonly fileOffset: number;
}

const noMaster = 0xffffffff;

/**
 * What a restore writes, some hundred bytes a file whatever the snapshot's size: folders in tree order (0 is the target
 * itself), regular files in tree order, and for each piece of their contents the pack it comes from.
 */
export class RestorePlan {
  readonly #index: SharedIndex;
  readonly #folderParents = new Uint32Column();
  readonly #folderNames = new NameColumn();
  readonly #fileFolders = new Uint32Column();
  readonly #fileNames = new NameColumn();
  readonly #fileSizes = new Float64Column();
  readonly #fileMasters = new Uint32Column();
  readonly #fileFirstPieces = new Uint32Column();
  readonly #modes = new Uint32Column();
  readonly #uids = new Uint32Column();
  readonly #gids = new Uint32Column();
  readonly #times = new Float64Column();
  readonly #nanoseconds = new Uint32Column();
  readonly #xattrs = new Map<number, readonly ExtendedAttribute[]>();
  readonly #owners = new Map<string, number>();
  readonly #ownerNames: string[] = [];
  readonly #users = new Uint32Column();
  readonly #groups = new Uint32Column();
  readonly #piecePacks = new Uint32Column();
  readonly #piecePackOffsets = new Uint32Column();
  readonly #pieceFiles = new Uint32Column();
  readonly #pieceFileOffsets = new Float64Column();
  readonly #links = new HardLinkIndex<number>();
  /** Files met, also those that cannot be restored; and for each file its place among them. */
  #met = 0;
  readonly #ordinals = new Uint32Column();

  constructor(index: SharedIndex) {
    this.#index = index;
    this.addFolder(0, Buffer.alloc(0));
  }

  get folderCount(): number {
    return this.#folderParents.length;
  }

  get fileCount(): number {
    return this.#fileFolders.length;
  }

  /** Answers with the folder's number. */
  addFolder(parent: number, name: Uint8Array): number {
    this.#folderNames.push(name);
    return this.#folderParents.push(parent);
  }

  /** Answers with the file's number. Throws `damaged` when the index does not know all of the content: then it has none. */
  addFile(folder: number, node: TreeNode): number {
    const ordinal = this.#met;
    this.#met += 1;
    const pieces = this.#locate(node);
    this.#ordinals.push(ordinal);
    const file = this.#fileFolders.push(folder);
    this.#fileNames.push(node.name);
    this.#fileSizes.push(pieces.reduce((size, piece) => size + piece.length, 0));
    this.#addMetadata(file, node);
    const master = this.#links.masterOf(node, (node.content ?? []).join(), file);
    this.#fileMasters.push(master ?? noMaster);
    this.#fileFirstPieces.push(this.#pieceFiles.length);
    if (master === undefined) this.#addPieces(file, pieces);
    return file;
  }

  /** Finds the numbers of files again in a second walk over the same selection. */
  *numbering(): Generator<number | undefined, undefined> {
    let file = 0;
    for (let ordinal = 0; ordinal < this.#met; ordinal += 1) {
      if (this.#ordinals.at(file) !== ordinal || file >= this.fileCount) yield undefined;
      else yield file++;
    }
  }

  /** The file this one is another name of. */
  masterOf(file: number): number | undefined {
    const master = this.#fileMasters.at(file);
    return master === noMaster ? undefined : master;
  }

  pieceCount(file: number): number {
    const end = file + 1 < this.fileCount ? this.#fileFirstPieces.at(file + 1) : this.#pieceFiles.length;
    return end - this.#fileFirstPieces.at(file);
  }

  fileSize(file: number): number {
    return this.#fileSizes.at(file);
  }

  folderOf(file: number): number {
    return this.#fileFolders.at(file);
  }

  fileName(file: number): Buffer {
    return this.#fileNames.at(file);
  }

  parentOf(folder: number): number {
    return this.#folderParents.at(folder);
  }

  folderPath(folder: number, root: Buffer): Buffer {
    if (folder === 0) return root;
    return joinPath(this.folderPath(this.#folderParents.at(folder), root), this.#folderNames.at(folder));
  }

  metadata(file: number): ApplicableMetadata {
    const time = (at: number): bigint => BigInt(this.#times.at(at)) * 1_000_000_000n + BigInt(this.#nanoseconds.at(at));
    return {
      type: 'file',
      mode: this.#modes.at(file),
      uid: this.#uids.at(file),
      gid: this.#gids.at(file),
      user: this.#ownerNames[this.#users.at(file)] ?? '',
      group: this.#ownerNames[this.#groups.at(file)] ?? '',
      mtimeNs: time(2 * file),
      atimeNs: time(2 * file + 1),
      xattrs: this.#xattrs.get(file) ?? [],
    };
  }

  /** The blobs of a file, in its order. */
  contentOf(file: number): PlannedBlob[] {
    const first = this.#fileFirstPieces.at(file);
    return Array.from({ length: this.pieceCount(file) }, (_, at) => {
      const { packOffset, fileOffset } = this.#piece(first + at);
      const blob = this.#index.blobsOfPack(this.#piecePacks.at(first + at)).find((candidate) => candidate.offset === packOffset);
      if (blob === undefined) throw new FortFailError({ kind: 'bug', code: 'plan-blob', message: 'unable to find a planned blob' });
      return { id: Buffer.from(blob.id).toString('hex'), fileOffset };
    });
  }

  /** Packs in the order in which files first need them, each with its pieces in the order they lie in the pack. */
  *packs(): Generator<{ readonly packIndex: number; readonly pieces: readonly PlannedPiece[] }> {
    const { order, starts } = this.#piecesByPack();
    const seen = new Set<number>();
    for (let piece = 0; piece < this.#piecePacks.length; piece += 1) {
      const packIndex = this.#piecePacks.at(piece);
      if (seen.has(packIndex)) continue;
      seen.add(packIndex);
      const pieces: PlannedPiece[] = [];
      for (let at = starts[packIndex] ?? 0; at < (starts[packIndex + 1] ?? 0); at += 1) pieces.push(this.#piece(order[at] ?? 0));
      yield { packIndex, pieces: pieces.sort((a, b) => a.packOffset - b.packOffset || a.file - b.file || a.fileOffset - b.fileOffset) };
    }
  }

  /** Stored bytes that the plan reads, each blob once, and the packs it reads them from. */
  reads(): { readonly packs: number; readonly bytes: number } {
    let packs = 0;
    let bytes = 0;
    for (const { packIndex, pieces } of this.packs()) {
      const lengths = new Map(this.#index.blobsOfPack(packIndex).map((blob) => [blob.offset, blob.length]));
      packs += 1;
      for (const offset of new Set(pieces.map((piece) => piece.packOffset))) bytes += lengths.get(offset) ?? 0;
    }
    return { packs, bytes };
  }

  #piece(piece: number): PlannedPiece {
    return { file: this.#pieceFiles.at(piece), packOffset: this.#piecePackOffsets.at(piece), fileOffset: this.#pieceFileOffsets.at(piece) };
  }

  /** Counted, then placed: no object for each piece. */
  #piecesByPack(): { readonly order: Uint32Array; readonly starts: Uint32Array } {
    const count = this.#piecePacks.length;
    const starts = new Uint32Array(this.#index.packCount + 1);
    for (let piece = 0; piece < count; piece += 1) {
      const next = this.#piecePacks.at(piece) + 1;
      starts[next] = (starts[next] ?? 0) + 1;
    }
    for (let pack = 1; pack < starts.length; pack += 1) starts[pack] = (starts[pack] ?? 0) + (starts[pack - 1] ?? 0);
    const free = starts.slice();
    const order = new Uint32Array(count);
    for (let piece = 0; piece < count; piece += 1) {
      const pack = this.#piecePacks.at(piece);
      order[free[pack] ?? 0] = piece;
      free[pack] = (free[pack] ?? 0) + 1;
    }
    return { order, starts };
  }

  #locate(node: TreeNode): LocatedPiece[] {
    return (node.content ?? []).map((id) => {
      const found = this.#index.find('data', Buffer.from(id, 'hex'));
      if (found === undefined) {
        throw new FortFailError({ kind: 'damaged', code: 'blob-missing', message: `unable to find blob '${id}' in the index` });
      }
      return { pack: found.packIndex, packOffset: found.offset, length: found.uncompressedLength || found.length - sealedOverhead };
    });
  }

  #addPieces(file: number, pieces: readonly LocatedPiece[]): void {
    let fileOffset = 0;
    for (const { pack, packOffset, length } of pieces) {
      this.#piecePacks.push(pack);
      this.#piecePackOffsets.push(packOffset);
      this.#pieceFiles.push(file);
      this.#pieceFileOffsets.push(fileOffset);
      fileOffset += length;
    }
  }

  #addMetadata(file: number, node: TreeNode): void {
    this.#modes.push(node.mode);
    this.#uids.push(node.uid);
    this.#gids.push(node.gid);
    this.#users.push(this.#ownerNumber(node.user));
    this.#groups.push(this.#ownerNumber(node.group));
    for (const timeNs of [node.mtimeNs, node.atimeNs]) {
      // Seconds towards minus infinity, so that the rest is never negative.
      const rest = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
      this.#times.push(Number((timeNs - rest) / 1_000_000_000n));
      this.#nanoseconds.push(Number(rest));
    }
    if (node.xattrs.length > 0) this.#xattrs.set(file, node.xattrs);
  }

  #ownerNumber(name: string): number {
    const known = this.#owners.get(name);
    if (known !== undefined) return known;
    this.#owners.set(name, this.#ownerNames.length);
    return this.#ownerNames.push(name) - 1;
  }
}

interface LocatedPiece {
  readonly pack: number;
  readonly packOffset: number;
  readonly length: number;
}

/** What sealing adds to a raw blob. */
const sealedOverhead = 32;
