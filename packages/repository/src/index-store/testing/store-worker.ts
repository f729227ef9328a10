/** What the tests of the shared stores do in threads of their own. */
import { parentPort, workerData } from 'node:worker_threads';
import { ClaimSet, type ClaimSetData } from '../claim-set.ts';
import { SharedIndex, type SharedIndexData } from '../shared-index.ts';
import { numberedId } from './numbered-id.ts';

/** Claims ids 0 to count-1, each thread in an order of its own; answers with those it won. */
export interface ClaimWork {
  readonly kind: 'claim';
  readonly claims: ClaimSetData;
  readonly count: number;
  readonly stride: number;
}

/** Looks up, again and again, ids that were added before it was told so; answers with how many it missed or read wrongly. */
export interface WatchWork {
  readonly kind: 'watch';
  readonly index: SharedIndexData;
  /** Word 0: how many ids are added for sure; word 1: 1 to stop. */
  readonly progress: SharedArrayBuffer;
}

function claimAll({ claims, count, stride }: ClaimWork): { won: Uint32Array } {
  const set = ClaimSet.attach(claims);
  const won: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const number = (i * stride) % count;
    if (set.claim('data', numberedId(number))) won.push(number);
  }
  return { won: Uint32Array.from(won) };
}

function watch({ index: data, progress }: WatchWork): { lookUps: number; faults: number } {
  const index = SharedIndex.attach(data);
  const words = new Int32Array(progress);
  let lookUps = 0;
  let faults = 0;
  for (let i = 1; Atomics.load(words, 1) === 0; i += 1) {
    const added = Atomics.load(words, 0);
    if (added === 0) continue;
    const number = Math.imul(i, 0x9e3779b1) >>> 0;
    const wanted = number % added;
    const location = index.find('data', numberedId(wanted));
    if (location?.offset !== wanted || location.length !== wanted + 32) faults += 1;
    if (index.findAll('data', numberedId(wanted)).length !== 1) faults += 1;
    if (index.has('tree', numberedId(wanted)) || index.has('data', numberedId(wanted + 2 ** 31))) faults += 1;
    lookUps += 1;
  }
  return { lookUps, faults };
}

const work: ClaimWork | WatchWork = workerData;
parentPort?.postMessage(work.kind === 'claim' ? claimAll(work) : watch(work));
