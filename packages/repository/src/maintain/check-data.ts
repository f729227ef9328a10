import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorRecord, FortFailError, fromErrorRecord } from '@fortfail/base';
import { openBackend } from '@fortfail/storage';
import { SharedIndex } from '../index-store/shared-index.ts';
import { PackReader } from '../pack/pack-reader.ts';
import type { BlobPipelineInit } from '../pack/pipeline-init.ts';

/** A pack to be read whole. */
export interface PackToRead {
  readonly packId: string;
  readonly sizeBytes: number;
  /** Its number in the index; undefined for a pack that no index lists. */
  readonly packIndex: number | undefined;
}

export interface PackFinding {
  readonly packId: string;
  readonly errors: readonly string[];
  readonly bytes: number;
}

/** What a reading thread answers. */
export type WorkerAnswer = { readonly finding: PackFinding } | { readonly failure: ErrorRecord };

/** The thread's side: verifies one pack after the other. */
export class PackVerifier {
  readonly #reader: PackReader;
  readonly #index: SharedIndex;

  private constructor(reader: PackReader, index: SharedIndex) {
    this.#reader = reader;
    this.#index = index;
  }

  static async open(init: BlobPipelineInit): Promise<PackVerifier> {
    return new PackVerifier(new PackReader(init, await openBackend(init.location)), SharedIndex.attach(init.index));
  }

  async verify({ packId, sizeBytes, packIndex }: PackToRead): Promise<PackFinding> {
    const expected = packIndex === undefined ? undefined : this.#index.blobsOfPack(packIndex);
    const { errors, bytes } = await this.#reader.verifyPack(packId, expected, sizeBytes);
    return { packId, errors: errors.map((error) => (error.includes(packId) ? error : `pack ${packId}: ${error}`)), bytes };
  }
}

interface ReadOptions {
  readonly init: BlobPipelineInit;
  /** Threads besides this one; 0 reads here. One more than there are processors unless given. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onFinding: (finding: PackFinding) => void;
}

/** Reads packs whole, in worker threads. Throws when the storage cannot be reached or the signal is aborted. */
export async function readPacks(packs: readonly PackToRead[], options: ReadOptions): Promise<void> {
  const wanted = options.workers ?? availableParallelism() + 1;
  // A store in this thread's memory is out of the others' reach.
  const threads = options.init.location.kind === 'memory' ? 0 : Math.min(wanted, packs.length);
  const queue = packs.values();
  if (threads === 0) return readHere(queue, options);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const lanes = Array.from({ length: threads }, () => readInThread(queue, options, signal));
  try {
    await Promise.all(lanes);
  } finally {
    stop.abort();
    await Promise.allSettled(lanes);
  }
}

async function readHere(queue: Iterable<PackToRead>, options: ReadOptions): Promise<void> {
  const verifier = await PackVerifier.open(options.init);
  for (const pack of queue) {
    options.signal?.throwIfAborted();
    options.onFinding(await verifier.verify(pack));
  }
}

/** One thread, fed with one pack at a time until the queue is empty. */
async function readInThread(queue: Iterator<PackToRead>, options: ReadOptions, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), {
    workerData: options.init,
    resourceLimits: { maxYoungGenerationSizeMb: 3 },
  });
  try {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      signal.throwIfAborted();
      const answer = await ask(worker, next.value, signal);
      if ('failure' in answer) throw fromErrorRecord(answer.failure);
      options.onFinding(answer.finding);
    }
  } finally {
    await worker.terminate();
  }
}

function ask(worker: Worker, pack: PackToRead, signal: AbortSignal): Promise<WorkerAnswer> {
  return new Promise((resolve, reject) => {
    // Each listener goes by itself: taking all away would also take the thread's own and leave its port deaf.
    const finish = (settle: () => void): void => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const fail = (cause: unknown): FortFailError =>
      new FortFailError({ kind: 'bug', code: 'check-worker', message: 'unable to read packs, a thread failed', cause });
    const onMessage = (answer: WorkerAnswer): void => finish(() => resolve(answer));
    const onError = (cause: unknown): void => finish(() => reject(fail(cause)));
    const onExit = (code: number): void => finish(() => reject(fail(new Error(`it ended with code ${code}`))));
    const onAbort = (): void => finish(() => reject(signal.reason));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.postMessage(pack);
  });
}
