import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '@fortfail/base';
import type { BlobPipelineInit } from '../pack/pipeline-init.ts';
import { type PackToRead, PackVerifier, type WorkerAnswer } from './check-data.ts';

/** A thread of `check --read-data`: gets one pack at a time and answers with what is wrong with it. */
const init: BlobPipelineInit = workerData;
const verifier = PackVerifier.open(init);

async function answer(pack: PackToRead): Promise<WorkerAnswer> {
  try {
    return { finding: await (await verifier).verify(pack) };
  } catch (error) {
    return { failure: toErrorRecord(error) };
  }
}

parentPort?.on('message', async (pack: PackToRead) => parentPort?.postMessage(await answer(pack)));
