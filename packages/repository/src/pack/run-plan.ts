import type { PackedBlob } from './packed-blob.ts';

/** Neighbours of one pack that are read at once. */
export interface Run {
  readonly offset: number;
  readonly length: number;
  readonly blobs: readonly PackedBlob[];
}

/** Reading over a gap of this size costs less than a second request. */
const maxGapBytes = 64 * 1024;

/**
 * Groups blobs, sorted by offset, into runs of at most `maxBytes`; a blob larger than that is a run of its own. Blobs may be named
 * twice.
 */
export function planRuns(blobs: readonly PackedBlob[], maxBytes: number): Run[] {
  const runs: Run[] = [];
  let members: PackedBlob[] = [];
  let start = 0;
  let end = 0;
  const close = (): void => {
    if (members.length > 0) runs.push({ offset: start, length: end - start, blobs: members });
  };
  for (const blob of blobs) {
    const blobEnd = Math.max(end, blob.offset + blob.length);
    const joins = members.length > 0 && blob.offset >= start && blob.offset - end <= maxGapBytes && blobEnd - start <= maxBytes;
    if (!joins) {
      close();
      members = [];
      start = blob.offset;
      end = blob.offset;
    }
    members.push(blob);
    end = Math.max(end, blob.offset + blob.length);
  }
  close();
  return runs;
}
