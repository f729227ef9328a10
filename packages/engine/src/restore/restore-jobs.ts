import type { ErrorRecord } from '@fortfail/base';
import type { ApplicableMetadata } from '@fortfail/source';
import type { PackJob } from './pack-job.ts';

/** Files whose pieces are all written, or that have none: only the metadata is missing. */
export interface FinishJob {
  readonly kind: 'finish';
  readonly files: readonly { readonly file: number; readonly isEmpty: boolean; readonly metadata: ApplicableMetadata }[];
  readonly paths: Uint8Array;
}

/** Reads restored files again and compares them with the ids of their pieces. */
export interface VerifyJob {
  readonly kind: 'verify';
  readonly files: readonly { readonly file: number; readonly lengths: Float64Array; readonly ids: Uint8Array }[];
  readonly paths: Uint8Array;
}

export type RestoreJob = PackJob | FinishJob | VerifyJob;

export interface FileFailure {
  readonly file: number;
  readonly step: 'content' | 'metadata';
  readonly error: ErrorRecord;
}

export interface RestoreReply {
  /** Bytes written, or compared. */
  readonly bytes: number;
  /** Files that are as the snapshot says now, metadata included (a failure of metadata is named beside). */
  readonly finished: readonly number[];
  /** Pieces written of files that need more: the file's number for each. */
  readonly pieces: readonly number[];
  readonly failures: readonly FileFailure[];
}

/** What a thread of a restore is started with, beside its pipeline. */
export interface RestoreSettings {
  readonly isSparse: boolean;
  readonly ownershipByName: boolean;
  /** The caller chose extended attributes: those that came with the metadata are set, and no others are removed. */
  readonly limitsXattrs: boolean;
}
