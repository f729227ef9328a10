import type { Clock, Logger } from '@fortfail/base';
import type { EngineListener, ItemFailure } from '../events.ts';

/** What to leave out; the rules are restic's. */
export interface ExcludeOptions {
  /** Patterns in the order given; `!` takes back. */
  readonly patterns?: readonly (string | Uint8Array)[];
  /** The same without regard to case. */
  readonly caseInsensitivePatterns?: readonly (string | Uint8Array)[];
  /** `name` or `name:header`: the contents of a folder that holds such a file. */
  readonly ifPresent?: readonly (string | Uint8Array)[];
  readonly caches?: boolean;
  readonly largerThanBytes?: number | undefined;
}

export interface BackupOptions {
  /** Absolute or relative to `workingFolder`; empty only with `stdin`. */
  readonly targets: readonly (string | Uint8Array)[];
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EngineListener | undefined;
  /** Sends an event for every entry, not only for failures and progress. */
  readonly withItems?: boolean;
  readonly workingFolder?: string;
  readonly hostname: string;
  readonly username: string;
  readonly tags?: readonly string[];
  /** The snapshot's time instead of the start of the backup. */
  readonly time?: Date | undefined;
  readonly exclude?: ExcludeOptions;
  readonly oneFileSystem?: boolean;
  /** A snapshot to compare with instead of the newest of the same host and paths. */
  readonly parent?: string | undefined;
  /** Reads everything again. */
  readonly force?: boolean;
  /** What a parent must share: any of host, paths, tags. Default host and paths. */
  readonly groupBy?: readonly ('host' | 'paths' | 'tags')[];
  readonly ignoreCtime?: boolean;
  readonly ignoreInode?: boolean;
  readonly withAtime?: boolean;
  readonly skipIfUnchanged?: boolean;
  /** Reads and counts, stores nothing. */
  readonly dryRun?: boolean;
  readonly stdin?: { readonly filename: string; readonly stream: AsyncIterable<Uint8Array> } | undefined;
  /** Worker threads; default cores + 1. */
  readonly threads?: number | undefined;
  /** Name and version written into the snapshot, `fortfail 0.1.0`. */
  readonly programVersion: string;
}

export interface BackupSummary {
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** New bytes before and after compression and encryption. */
  readonly dataAdded: number;
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
  readonly totalDurationSeconds: number;
  readonly backupStart: Date;
  readonly backupEnd: Date;
  /** Undefined after a dry run and when nothing changed under `skipIfUnchanged`. */
  readonly snapshotId: string | undefined;
  readonly tree: string;
  readonly parent: string | undefined;
  readonly dryRun: boolean;
  /** True when anything that was asked for is not in the snapshot; `errors` names it. */
  readonly partial: boolean;
  readonly errors: readonly ItemFailure[];
  readonly errorCount: number;
}
