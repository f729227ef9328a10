/**
 * MB/s (10^6 bytes) of each step between a file's bytes and a stored pack, on one core, in CPU time of this thread, so that other
 * work on the machine does not count. Run: `node tests/bench/kernels.ts [FILE...]`; the files are the data for compression and
 * packs (default: Node itself). Prints one line a kernel.
 */
import { createHash, hash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { StorageBackend } from '@fortfail/storage';
import { Chunker, minChunkBytes } from '../../packages/repository/src/chunker/chunker.ts';
import { Sealer } from '../../packages/repository/src/crypto/sealer.ts';
import { ClaimSet } from '../../packages/repository/src/index-store/claim-set.ts';
import { SharedIndex } from '../../packages/repository/src/index-store/shared-index.ts';
import { loadKernelModule } from '../../packages/repository/src/kernels/kernel-module.ts';
import { WorkerMemory } from '../../packages/repository/src/kernels/worker-memory.ts';
import { PackWriter, writerMemory } from '../../packages/repository/src/pack/pack-writer.ts';
import type { BlobPipelineInit } from '../../packages/repository/src/pack/pipeline-init.ts';
import { compressBound } from '../../packages/repository/src/zstd/encoder.ts';
import { zstdDecoder, zstdEncoder } from '../../packages/repository/src/zstd/zstd.ts';

const mib = 1024 * 1024;
const polynomial = 0x3da3358b4dc173n;
const key = { encrypt: randomBytes(32), macK: randomBytes(16), macR: randomBytes(16) };
const module = loadKernelModule();
const memory = new WorkerMemory(module, { readBytes: 32 * mib, packBytes: 4 * mib, scratchBytes: 4 * mib });
const { bytes, read, kernels, mac, packs } = memory;
bytes.set(randomBytes(32 * mib), read.offset);

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function say(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(58)} ${text.padStart(12)}\n`);
}

/** Best of three rounds of at least 150 ms each; `work` answers with the bytes (or calls) it did. */
function measure(work: () => number): { readonly amount: number; readonly ms: number } {
  let best = { amount: 0, ms: 1 };
  work();
  for (let round = 0; round < 3; round += 1) {
    const start = cpuMs();
    let amount = 0;
    while (cpuMs() - start < 150) amount += work();
    const ms = cpuMs() - start;
    if (amount / ms > best.amount / best.ms) best = { amount, ms };
  }
  return best;
}

function speed(name: string, work: () => number): void {
  const { amount, ms } = measure(work);
  say(name, `${Math.round(amount / 1000 / ms)} MB/s`);
}

function rate(name: string, work: () => number): void {
  const { amount, ms } = measure(work);
  say(name, `${(amount / 1000 / ms).toFixed(2)} M/s`);
}

const fileArguments = process.argv.slice(2);
const files = (fileArguments.length > 0 ? fileArguments : [process.execPath]).map((path) => readFileSync(path));
/** 1 MiB pieces of the files, at most 64 MiB. */
const pieces = files
  .flatMap((file) => Array.from({ length: Math.ceil(file.length / mib) }, (_, i) => file.subarray(i * mib, (i + 1) * mib)))
  .slice(0, 64);
const small = pieces
  .flatMap((piece) => Array.from({ length: 100 }, (_, i) => piece.subarray(i * 10_000, i * 10_000 + 2000)))
  .filter((piece) => piece.length > 0);
const total = (list: readonly Uint8Array[]): number => list.reduce((sum, piece) => sum + piece.length, 0);

for (const size of [mib, 4096]) {
  speed(`Poly1305, ${size} bytes`, () => {
    kernels.polyStart(mac.offset);
    kernels.polyUpdate(mac.offset, read.offset, size);
    kernels.polyFinish(mac.offset);
    return size;
  });
  speed(`SHA-256, ${size} bytes`, () => hash('sha256', bytes.subarray(read.offset, read.offset + size), 'buffer').length && size);
}
speed(
  'SHA-256, streamed by 1 MiB',
  () =>
    createHash('sha256')
      .update(bytes.subarray(read.offset, read.offset + mib))
      .digest().length && mib,
);

const sealer = new Sealer(key, memory);
const [packRegion] = packs;
if (packRegion === undefined) throw new Error('one pack buffer');
const room = memory.view(packRegion);
for (const size of [mib, 16 * 1024, 500]) {
  speed(`seal in place (AES-256-CTR + Poly1305), ${size} bytes`, () => sealer.sealInPlace(room, size) && size);
  const sealed = room.subarray(0, sealer.sealInPlace(room, size));
  const scratch = memory.view(memory.scratch);
  speed(`open, ${size} bytes`, () => sealer.openFrom(sealed, scratch).length);
}

const chunker = new Chunker(memory, polynomial);
speed('cut, minimum included (random data)', () => {
  let start = 0;
  while (read.length - start > 8 * mib) start += chunker.nextCut(read.offset + start, read.length - start, false);
  return start;
});
speed('cut, every byte rolled', () => {
  kernels.rabinScan(memory.tables.offset, read.offset + minChunkBytes, mib, 0xffffffffffffn);
  return mib;
});

const target = Buffer.alloc(compressBound(mib));
for (const level of [1, 2, 3, 6, 12]) {
  const encoder = zstdEncoder(level);
  let stored = 0;
  for (const piece of pieces) stored += encoder.encodeInto(piece, target);
  let i = 0;
  speed(`compress, level ${level}, 1 MiB (ratio ${(stored / total(pieces)).toFixed(3)})`, () => {
    const piece = pieces[i++ % pieces.length] ?? target;
    encoder.encodeInto(piece, target);
    return piece.length;
  });
}
const frames = pieces.map((piece) => zstdEncoder(2).encode(piece));
const smallFrames = small.map((piece) => zstdEncoder(2).encode(piece));
let frameNumber = 0;
speed('decompress, 1 MiB', () => zstdDecoder().decodeInto(frames[frameNumber++ % frames.length] ?? target, room, { maxBytes: mib }).length);
rate('compress, 2 kB', () => {
  for (const piece of small) zstdEncoder(2).encodeInto(piece, target);
  return small.length;
});
rate('decompress, 2 kB', () => {
  for (const frame of smallFrames) zstdDecoder().decodeInto(frame, room, { maxBytes: mib });
  return smallFrames.length;
});

const devNull = { put: () => Promise.resolve() } as unknown as StorageBackend;
for (const extraVerify of [false, true]) {
  const base: Omit<BlobPipelineInit, 'claims'> = {
    location: { kind: 'memory', path: 'none' },
    key,
    polynomial,
    version: 2,
    compression: 'auto',
    packSizeBytes: 16 * mib,
    module,
    index: SharedIndex.create().transfer(),
    extraVerify,
  };
  const writerRoom = writerMemory(base);
  for (const [name, list] of [
    ['1 MiB', pieces],
    ['2 kB', small],
  ] as const) {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 4; round += 1) {
      const writer = new PackWriter({ ...base, claims: ClaimSet.create().transfer() }, devNull, () => undefined, { memory: writerRoom });
      const start = cpuMs();
      for (const piece of list) {
        if (writer.needsDrain('data')) await writer.drain();
        writer.save('data', piece);
      }
      await writer.flush();
      best = Math.min(best, cpuMs() - start);
    }
    say(
      `blobs of ${name} into packs, ${extraVerify ? 'each proven before it is stored' : 'not proven'}`,
      `${Math.round(total(list) / 1000 / best)} MB/s`,
    );
  }
}

const ids = randomBytes(32 * 200_000);
const idAt = (i: number): Buffer => ids.subarray(i * 32, i * 32 + 32);
const count = ids.length / 32;
const index = SharedIndex.create();
{
  const blobs = Array.from({ length: count }, (_, i) => ({
    id: idAt(i),
    type: 'data' as const,
    offset: i,
    length: 100,
    uncompressedLength: 200,
  }));
  const start = cpuMs();
  for (let i = 0; i < count; i += 500) index.add(i.toString(16).padStart(64, '0'), blobs.slice(i, i + 500));
  say('index, insert', `${(count / 1000 / (cpuMs() - start)).toFixed(2)} M/s`);
}
let at = 0;
const nextId = (): Buffer => {
  at = (at + 7919) % count;
  return idAt(at);
};
rate('index, look up (hit)', () => {
  for (let i = 0; i < 1000; i += 1) index.has('data', nextId());
  return 1000;
});
rate('index, look up (miss)', () => {
  for (let i = 0; i < 1000; i += 1) index.has('tree', nextId());
  return 1000;
});
{
  const claims = ClaimSet.create();
  const start = cpuMs();
  for (let i = 0; i < count; i += 1) claims.claim('data', idAt(i));
  say('claim', `${(count / 1000 / (cpuMs() - start)).toFixed(2)} M/s`);
}
