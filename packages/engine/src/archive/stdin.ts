import { type BlobPipelineInit, Chunker, type PackRecord, PackWriter, type TreeNodeDraft, writerMemory } from '@fortfail/repository';
import type { StoredCounts } from './archive-jobs.ts';
import { openPipelineBackend } from './discarding-backend.ts';

const readBytes = 9 << 20;

export interface StreamRequest {
  readonly pipeline: BlobPipelineInit;
  readonly isDryRun: boolean;
  readonly stream: AsyncIterable<Uint8Array>;
  readonly onPack: (record: PackRecord) => void;
  readonly signal: AbortSignal;
}

/** Stores a stream as the content of one file, on this thread: a stream comes in at one place. */
export async function storeStream(request: StreamRequest): Promise<{ content: Uint8Array; sizeBytes: number; counts: StoredCounts }> {
  const { pipeline } = request;
  const memory = writerMemory(pipeline, readBytes);
  const writer = new PackWriter(pipeline, await openPipelineBackend(pipeline.location, request.isDryRun), request.onPack, { memory });
  const chunker = new Chunker(memory, pipeline.polynomial);
  const ids: Buffer[] = [];
  let have = 0;
  let sizeBytes = 0;
  const store = async (isEnd: boolean): Promise<void> => {
    let start = 0;
    for (;;) {
      const length = have === start ? 0 : chunker.nextCut(memory.read.offset + start, have - start, isEnd);
      if (length === 0) break;
      const from = memory.read.offset + start;
      ids.push(writer.save('data', memory.bytes.subarray(from, from + length)));
      if (writer.needsDrain()) await writer.drain();
      start += length;
    }
    memory.bytes.copyWithin(memory.read.offset, memory.read.offset + start, memory.read.offset + have);
    have -= start;
  };
  for await (const piece of request.stream) {
    request.signal.throwIfAborted();
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + readBytes - have);
      memory.bytes.set(part, memory.read.offset + have);
      have += part.length;
      at += part.length;
      if (have === readBytes) await store(false);
    }
    sizeBytes += piece.length;
  }
  await store(true);
  await writer.flush();
  return {
    content: Buffer.concat(ids),
    sizeBytes,
    counts: { blobs: writer.totals.dataBlobs, bytesAdded: writer.totals.bytesAdded, bytesStored: writer.totals.bytesStored },
  };
}

/** The file that stands for the stream: readable by all, of this process's user, made now. */
export function streamNode(name: string, nowNs: bigint, content: Uint8Array, sizeBytes: number): TreeNodeDraft {
  return {
    name: Buffer.from(name),
    type: 'file',
    mode: 0o644,
    mtimeNs: nowNs,
    atimeNs: nowNs,
    ctimeNs: nowNs,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: BigInt(sizeBytes),
    links: 0n,
    linkTarget: undefined,
    xattrs: [],
    genericAttributes: undefined,
    device: 0n,
    content,
    subtree: undefined,
    error: '',
  };
}
