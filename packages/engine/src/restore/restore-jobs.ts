import type { ErrorRecord } from '@fortfail/base';
import type { PackedBlob } from '@fortfail/repository';
import type { ApplicableMetadata } from '@fortfail/source';

/** One place where a blob's bytes go. */
export interface PieceTarget {
  /** Which of the job's blobs. */
  readonly blob: number;
  /** The file's number in the plan, to report by. */
  readonly file: number;
  readonly fileOffset: number;
  /** Set when the piece is the whole file, which the thread then creates and finishes at once. */
  readonly whole: ApplicableMetadata | undefined;
}

/** Blobs of one pack and all places they go to. */
export interface PackJob {
  readonly kind: 'pack';
  readonly packId: string;
  readonly blobs: readonly PackedBlob[];
  readonly targets: readonly PieceTarget[];
  /** Of the targets, in their order, joined by NUL. */
  readonly paths: Uint8Array;
}

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
