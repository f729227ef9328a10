import type { ExtendedAttribute, PackedBlob } from '@fortfail/repository';
import type { ApplicableMetadata } from '@fortfail/source';
import { joinPaths } from '../archive/archive-jobs.ts';

/** One place where a blob's bytes go. */
export interface PieceTarget {
  /** The file's number in the plan, to report by. */
  readonly file: number;
  readonly fileOffset: number;
  /** Set when the piece is the whole file, which the thread then creates and finishes at once. */
  readonly whole: ApplicableMetadata | undefined;
}

const blobWords = 4;
const targetWords = 5;
const targetTimes = 3;

/**
 * Blobs of one pack and all places they go to, in columns: a job of thousands of small files crosses the threads as a few
 * buffers and not as as many objects.
 */
export interface PackJob {
  readonly kind: 'pack';
  readonly packId: string;
  /** 32 bytes a blob. */
  readonly ids: Uint8Array<ArrayBuffer>;
  /** Offset, length, uncompressed length, and the number of the blob's first target. */
  readonly blobs: Uint32Array<ArrayBuffer>;
  /** File, mode, uid, gid, and nanoseconds of the modification time. */
  readonly targets: Uint32Array<ArrayBuffer>;
  /** Offset in the file, or -1 for a whole file; seconds of the modification time; seconds of the access time. */
  readonly times: Float64Array<ArrayBuffer>;
  readonly accessNanoseconds: Uint32Array<ArrayBuffer>;
  /** Of the targets, in their order, joined by NUL. */
  readonly paths: Uint8Array<ArrayBuffer>;
  /** What few files have, by the target's number. */
  readonly xattrs: ReadonlyMap<number, readonly ExtendedAttribute[]>;
  /** Names of owners, by the target's number; only where owners are found by name. */
  readonly owners: ReadonlyMap<number, { readonly user: string; readonly group: string }>;
}

const billion = 1_000_000_000n;

/** A pack job that is being put together. */
export class PackJobDraft {
  readonly #withOwners: boolean;
  readonly #blobs: PackedBlob[] = [];
  readonly #firstTargets: number[] = [];
  readonly #targets: PieceTarget[] = [];
  readonly #paths: Buffer[] = [];
  storedBytes = 0;

  constructor(withOwners: boolean) {
    this.#withOwners = withOwners;
  }

  get targetCount(): number {
    return this.#targets.length;
  }

  /** True when the last target is one of the same blob. */
  endsWith(blob: PackedBlob): boolean {
    return this.#blobs.at(-1) === blob;
  }

  add(blob: PackedBlob, target: PieceTarget, path: Buffer): void {
    if (!this.endsWith(blob)) {
      this.#blobs.push(blob);
      this.#firstTargets.push(this.#targets.length);
      this.storedBytes += blob.length;
    }
    this.#targets.push(target);
    this.#paths.push(path);
  }

  job(packId: string): PackJob {
    const count = this.#targets.length;
    const job = {
      kind: 'pack',
      packId,
      ids: new Uint8Array(32 * this.#blobs.length),
      blobs: new Uint32Array(blobWords * this.#blobs.length),
      targets: new Uint32Array(targetWords * count),
      times: new Float64Array(targetTimes * count),
      accessNanoseconds: new Uint32Array(count),
      paths: joinPaths(this.#paths),
      xattrs: new Map<number, readonly ExtendedAttribute[]>(),
      owners: new Map<number, { user: string; group: string }>(),
    } as const;
    for (const [at, blob] of this.#blobs.entries()) {
      job.ids.set(blob.id, 32 * at);
      job.blobs.set([blob.offset, blob.length, blob.uncompressedLength, this.#firstTargets[at] ?? 0], blobWords * at);
    }
    for (const [at, { file, fileOffset, whole }] of this.#targets.entries()) {
      job.targets[targetWords * at] = file;
      job.times[targetTimes * at] = whole === undefined ? fileOffset : -1;
      if (whole === undefined) continue;
      setMetadata(job, at, whole);
      if (whole.xattrs.length > 0) job.xattrs.set(at, whole.xattrs);
      if (this.#withOwners) job.owners.set(at, { user: whole.user, group: whole.group });
    }
    return job;
  }
}

function setMetadata(job: Pick<PackJob, 'targets' | 'times' | 'accessNanoseconds'>, at: number, whole: ApplicableMetadata): void {
  const restOf = (timeNs: bigint): bigint => ((timeNs % billion) + billion) % billion;
  const [mtimeRest, atimeRest] = [restOf(whole.mtimeNs), restOf(whole.atimeNs)];
  job.targets.set([whole.mode, whole.uid, whole.gid, Number(mtimeRest)], targetWords * at + 1);
  job.times[targetTimes * at + 1] = Number((whole.mtimeNs - mtimeRest) / billion);
  job.times[targetTimes * at + 2] = Number((whole.atimeNs - atimeRest) / billion);
  job.accessNanoseconds[at] = Number(atimeRest);
}

/** The blobs of a job as the pack reader takes them, in the order of the job. */
export function blobsOfJob(job: PackJob): PackedBlob[] {
  const blobs: PackedBlob[] = [];
  for (let at = 0; at < job.blobs.length / blobWords; at += 1) {
    blobs.push({
      id: job.ids.subarray(32 * at, 32 * at + 32),
      type: 'data',
      offset: job.blobs[blobWords * at] ?? 0,
      length: job.blobs[blobWords * at + 1] ?? 0,
      uncompressedLength: job.blobs[blobWords * at + 2] ?? 0,
    });
  }
  return blobs;
}

/** The numbers of the targets of a job's blob: from the first to before the second. */
export function targetRange(job: PackJob, blob: number): readonly [number, number] {
  const word = blobWords * blob + blobWords - 1;
  return [job.blobs[word] ?? 0, job.blobs[word + blobWords] ?? job.targets.length / targetWords];
}

export function targetOf(job: PackJob, at: number): PieceTarget {
  const file = job.targets[targetWords * at] ?? 0;
  const fileOffset = job.times[targetTimes * at] ?? 0;
  return fileOffset >= 0 ? { file, fileOffset, whole: undefined } : { file, fileOffset: 0, whole: metadataOf(job, at) };
}

function metadataOf(job: PackJob, at: number): ApplicableMetadata {
  const word = (offset: number): number => job.targets[targetWords * at + offset] ?? 0;
  const time = (seconds: number, rest: number): bigint => BigInt(seconds) * billion + BigInt(rest);
  const { user, group } = job.owners.get(at) ?? { user: '', group: '' };
  return {
    type: 'file',
    mode: word(1),
    uid: word(2),
    gid: word(3),
    user,
    group,
    mtimeNs: time(job.times[targetTimes * at + 1] ?? 0, word(4)),
    atimeNs: time(job.times[targetTimes * at + 2] ?? 0, job.accessNanoseconds[at] ?? 0),
    xattrs: job.xattrs.get(at) ?? [],
  };
}
