import type { Clock, Logger } from '@fortfail/base';
import type { ApiTokens } from './access/api-tokens.ts';
import type { BackOff } from './access/back-off.ts';
import type { OpenStreams } from './access/open-streams.ts';
import type { Passkeys } from './access/passkeys.ts';
import type { Passwords } from './access/passwords.ts';
import type { Persons } from './access/persons.ts';
import type { Sessions } from './access/sessions.ts';
import type { AgentHub } from './agents/agent-hub.ts';
import type { AgentProofs } from './agents/agent-proofs.ts';
import type { AuditFile } from './audit/audit-file.ts';
import type { SiteAuthority } from './ca/site-authority.ts';
import type { Changes } from './changes/changes.ts';
import type { EventFeed } from './changes/event-feed.ts';
import type { Database } from './database/database.ts';
import type { FirstApi } from './first-api/first-api.ts';
import type { JobLog } from './jobs/job-log.ts';
import type { JobProgressBoard } from './jobs/job-progress.ts';
import type { JobQueue } from './jobs/job-queue.ts';
import type { SiteKeys } from './keys/site-keys.ts';
import type { Exposure } from './listening/exposure.ts';
import type { Leader } from './replicas/leader.ts';
import type { Replicas } from './replicas/replicas.ts';

/** This installation. */
export interface Site {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

/** Where browsers find us: known only after listening. */
export interface Addresses {
  /** For links: `http://localhost:8000`. */
  readonly url: string;
  /** What a `Host` header may say. */
  readonly hosts: readonly string[];
  /** What an `Origin` header may say. */
  readonly origins: readonly string[];
  readonly isTls: boolean;
}

/** Everything a request may need, built once by `orchestrator.ts`. */
export interface Services {
  readonly site: Site;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly database: Database;
  readonly changes: Changes;
  readonly feed: EventFeed;
  readonly queue: JobQueue;
  readonly log: JobLog;
  readonly progress: JobProgressBoard;
  readonly hub: AgentHub;
  readonly keys: SiteKeys;
  /** Judges requests of agents. */
  readonly proofs: AgentProofs;
  /** Issues certificates. */
  readonly authority: SiteAuthority;
  /** The door for other hosts. */
  readonly exposure: Exposure;
  /** This process among the others of its site. */
  readonly replicas: Replicas;
  /** Whether this process does what only one should do. */
  readonly leader: Leader;
  readonly persons: Persons;
  readonly sessions: Sessions;
  readonly tokens: ApiTokens;
  /** Event sockets that are open. */
  readonly streams: OpenStreams;
  readonly passwords: Passwords;
  readonly passkeys: Passkeys;
  readonly backOff: BackOff;
  readonly auditFile: AuditFile | undefined;
  /** Undefined when it is off. */
  readonly firstApi: FirstApi | undefined;
  readonly addresses: () => Addresses;
}
