import type { Clock, ErrorRecord, Logger } from '@fortfail/base';
import type { JobLogLine, JobPayload, JobProgress, JobResult } from '@fortfail/protocol';
import type { Roster } from '@fortfail/trust';
import type { AgentConfig } from '../config.ts';
import type { HostKeys } from '../identity/host-keys.ts';
import type { HostPolicy } from '../policy/host-policy.ts';
import type { RepositoryShelf } from '../repositories/repository-shelf.ts';
import type { RestoreSpeed } from './restore-speed.ts';

/** What an agent signs with, and under which name. */
export interface AgentSelf {
  /** Empty before first contact. */
  readonly agentId: () => string;
  readonly keys: HostKeys;
}

/** What every job may use. */
export interface JobParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly shelf: RepositoryShelf;
  readonly speed: RestoreSpeed;
  /** `fortfail 0.1.0`. */
  readonly programVersion: string;
  /** Who this agent is, and its key for what it states of itself. */
  readonly self: AgentSelf;
  /** The host's policy of this moment. */
  readonly policy: () => Promise<HostPolicy>;
  /** The roster of the pinned owner; undefined without one that holds. */
  readonly roster: () => Roster | undefined;
}

/** One attempt's own: when to stop, and where to speak. */
export interface JobVoice {
  readonly jobId: string;
  /** Aborted when the job is stopped, its lease is lost, or the agent ends. */
  readonly signal: AbortSignal;
  progress(progress: JobProgress): void;
  log(level: JobLogLine['level'], message: string, item?: string): void;
}

/** How a job ended that did not throw. */
export interface JobEnd {
  readonly status: 'succeeded' | 'partial' | 'failed';
  readonly result: JobResult | null;
  readonly error?: ErrorRecord;
  /** One sentence for people. */
  readonly summary: string;
}

export type PayloadOf<K extends JobPayload['kind']> = Extract<JobPayload, { kind: K }>;
export type PerformJob = (payload: JobPayload, voice: JobVoice) => Promise<JobEnd>;
