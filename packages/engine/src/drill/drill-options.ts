import type { Clock, Logger } from '@fortfail/base';
import type { Snapshot } from '@fortfail/repository';
import type { EngineListener } from '../events.ts';
import type { PhaseTime } from '../restore/restore-options.ts';

export interface DrillOptions {
  readonly snapshot: Snapshot;
  /** Exists; the drill makes a folder of its own in it and removes it again. */
  readonly scratchRoot: string;
  readonly clock: Clock;
  /**
   * What opening the repository took (reading the key and deriving from it), measured by the caller: it counts into the RTO.
   * For an honest figure the repository is opened for this drill alone, so that the index is read within it.
   */
  readonly openSeconds?: number | undefined;
  /** Only these paths of the snapshot; all when empty. */
  readonly includePaths?: readonly string[];
  readonly logger?: Logger;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EngineListener | undefined;
  readonly threads?: number | undefined;
  /** Leaves the restored tree where it is, for a person to look at. */
  readonly keepScratch?: boolean;
}

export interface DrillDifference {
  readonly path: string;
  readonly what: 'content' | 'metadata' | 'missing' | 'extra' | 'hard-link';
  readonly expected: string;
  readonly found: string;
}

/** What a drill did and found: the evidence of one restore point. */
export interface DrillReport {
  readonly snapshotId: string;
  readonly outcome: 'passed' | 'failed';
  readonly files: number;
  readonly directories: number;
  readonly others: number;
  /** Bytes written. */
  readonly bytes: number;
  readonly comparedEntries: number;
  readonly comparedBytes: number;
  /**
   * From the order until the tree is whole, durable and in its place, every blob proven by its authenticator and its id on
   * the way: opening, planning, fetching, metadata. The comparison afterwards is the phase `verify` and no part of it.
   */
  readonly rtoSeconds: number;
  readonly phases: readonly PhaseTime[];
  /** The first thousand by name. */
  readonly differences: readonly DrillDifference[];
  readonly differenceCount: number;
  /** What was tested and what was not, in words. */
  readonly asserted: readonly string[];
  readonly notTested: readonly string[];
  readonly scratch: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
}
