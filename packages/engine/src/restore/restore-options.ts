import type { Clock, Logger } from '@fortfail/base';
import type { Snapshot } from '@fortfail/repository';
import type { OverwritePolicy } from '@fortfail/source';
import type { EngineListener, ItemFailure } from '../events.ts';

/** What of a snapshot is restored, and where to. The same request must be given to propose and to apply. */
export interface RestoreRequest {
  readonly snapshot: Snapshot;
  /** Restores only this folder of the snapshot, as if it were the root. */
  readonly subfolder?: string | undefined;
  /** Absolute, or relative to the process's folder. */
  readonly target: string;
  /**
   * `undefined`: the target must not exist or be empty, and appears when it is whole. Otherwise entries are written into
   * what is there, each one replaced at once, as the policy allows.
   */
  readonly overwrite?: OverwritePolicy | undefined;
  /** Exact paths of the snapshot, with all below them. */
  readonly includePaths?: readonly (string | Uint8Array)[];
  /** restic's patterns; with includes nothing else is restored. Includes and excludes cannot be mixed. */
  readonly include?: readonly string[];
  readonly includeIgnoringCase?: readonly string[];
  readonly exclude?: readonly string[];
  readonly excludeIgnoringCase?: readonly string[];
  /** Removes what the snapshot does not have from the folders that are restored. */
  readonly deleteExtra?: boolean;
  readonly sparse?: boolean;
  /** Finds owners by name on this machine instead of by number. */
  readonly ownershipByName?: boolean;
  readonly selectsXattr?: (name: string) => boolean;
}

export interface RestoreContext {
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EngineListener | undefined;
  readonly withItems?: boolean;
  readonly threads?: number | undefined;
}

export interface ApplyContext extends RestoreContext {
  /** Reads every restored file again and compares it with the snapshot. */
  readonly verify?: boolean;
  readonly dryRun?: boolean;
}

export interface RestoreConflict {
  readonly path: string;
  readonly onDisk: string;
  readonly inPoint: string;
}

/** What a restore would do, computed without writing anything. Plain data: it may cross a link. */
export interface RestoreProposal {
  readonly snapshotId: string;
  readonly target: string;
  readonly files: number;
  readonly directories: number;
  readonly others: number;
  readonly bytes: number;
  readonly packs: number;
  /** Stored bytes that must be read for it. */
  readonly bytesToRead: number;
  /** Room where the target lies; null when that cannot be found out. */
  readonly freeBytes: number | null;
  /** What of the metadata this process cannot set, in words; empty for root. */
  readonly limits: readonly string[];
  /** The first of them by name. */
  readonly conflicts: readonly RestoreConflict[];
  readonly conflictCount: number;
  /** Parts of the snapshot that cannot be read already now. */
  readonly damaged: readonly ItemFailure[];
  /** SHA-256 over the request and everything that would be written: equal only for the same restore. */
  readonly digest: string;
}

export interface PhaseTime {
  readonly name: 'open' | 'plan' | 'fetch' | 'metadata' | 'verify';
  readonly seconds: number;
}

export interface RestoreReport {
  readonly target: string;
  readonly files: number;
  readonly directories: number;
  readonly others: number;
  readonly bytes: number;
  readonly filesSkipped: number;
  readonly bytesSkipped: number;
  readonly filesDeleted: number;
  readonly verifiedFiles: number;
  readonly verifiedBytes: number;
  readonly partial: boolean;
  readonly errors: readonly ItemFailure[];
  readonly errorCount: number;
  readonly phases: readonly PhaseTime[];
  /** From the call of apply until the tree was whole and in its place (before `verify`, which is reported beside it). */
  readonly seconds: number;
  readonly dryRun: boolean;
}
