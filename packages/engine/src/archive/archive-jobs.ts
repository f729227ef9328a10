import type { ErrorRecord } from '@fortfail/base';

/** Whole files, in order. Paths are joined by NUL, which no path contains: one buffer crosses the threads. */
export interface FilesJob {
  readonly kind: 'files';
  readonly paths: Uint8Array;
  readonly sizes: Float64Array;
}

/** Finds the cuts of a part of a large file without storing anything. */
export interface ScanJob {
  readonly kind: 'scan';
  readonly path: Uint8Array;
  /** Start of a chunk. */
  readonly offset: number;
  /** Stops after the chunk in which this many bytes were seen. */
  readonly atLeastBytes: number;
}

/** Stores chunks of a large file whose cuts are known. */
export interface ChunksJob {
  readonly kind: 'chunks';
  readonly path: Uint8Array;
  readonly offset: number;
  readonly lengths: Float64Array;
  /** The file that was scanned: another one under the same name is refused. */
  readonly identity: string;
}

export type ArchiveJob = FilesJob | ScanJob | ChunksJob;

export interface FilesReply {
  readonly kind: 'files';
  /** Ids of all chunks of all files, 32 bytes each, and how many belong to each file. */
  readonly ids: Uint8Array;
  readonly chunkCounts: Uint32Array;
  /** Bytes really read. */
  readonly sizes: Float64Array;
  readonly failures: readonly { readonly index: number; readonly error: ErrorRecord }[];
}

export interface ScanReply {
  readonly kind: 'scan';
  readonly lengths: Float64Array;
  readonly isEnd: boolean;
  readonly identity: string;
}

export interface ChunksReply {
  readonly kind: 'chunks';
  readonly ids: Uint8Array;
  readonly sizeBytes: number;
}

export type ArchiveReply = FilesReply | ScanReply | ChunksReply;

/** What a thread stored in all. */
export interface StoredCounts {
  readonly blobs: number;
  readonly bytesAdded: number;
  readonly bytesStored: number;
}

/** Paths one behind the other, each followed by NUL, in a buffer of their own. */
export function joinPaths(paths: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = paths.reduce((sum, path) => sum + path.length + 1, 0);
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const path of paths) {
    joined.set(path, offset);
    offset += path.length + 1;
  }
  return joined;
}

export function splitPaths(joined: Uint8Array): Buffer[] {
  const bytes = Buffer.from(joined.buffer, joined.byteOffset, joined.byteLength);
  const paths: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    paths.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return paths;
}
