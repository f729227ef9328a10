/**
 * What a thread that reads or writes blobs needs, and no more: every module costs each thread most of a millisecond to
 * load, and memory as long as it lives.
 */
export { Chunker, maxChunkBytes, minChunkBytes } from './chunker/chunker.ts';
export { WorkerMemory } from './kernels/worker-memory.ts';
export { PackReader } from './pack/pack-reader.ts';
export { encodePackRecord } from './pack/pack-record.ts';
export { dataWriterMemory, PackWriter } from './pack/pack-writer.ts';
export type { PackedBlob, PackRecord } from './pack/packed-blob.ts';
export type { BlobPipelineInit } from './pack/pipeline-init.ts';
