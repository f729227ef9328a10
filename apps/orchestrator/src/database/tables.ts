import type { AlertTable, ApiTokenTable } from './access-tables.ts';
import type {
  LegacyAgentTable,
  LegacyCommandTable,
  LegacyJobLogTable,
  LegacyJobTable,
  LegacySnapshotTable,
  LegacyTicketTable,
  LegacyTokenTable,
} from './first-api-tables.ts';
import type { PresenceTable, RelayTable, ReplicaTable } from './replica-tables.ts';
import type {
  EscrowTable,
  EvidenceFileTable,
  KitTable,
  RepositoryGrantTable,
  RosterTable,
  SignedHeadTable,
  SignerTable,
  WitnessTable,
} from './trust-tables.ts';

export type { AlertTable, ApiTokenTable } from './access-tables.ts';
export type {
  LegacyAgentTable,
  LegacyCommandTable,
  LegacyJobLogTable,
  LegacyJobTable,
  LegacySnapshotTable,
  LegacyTicketTable,
  LegacyTokenTable,
} from './first-api-tables.ts';
export type { PresenceTable, RelayTable, ReplicaTable } from './replica-tables.ts';
export type {
  EscrowTable,
  EvidenceFileTable,
  KitTable,
  RepositoryGrantTable,
  RosterTable,
  SignedHeadTable,
  SignerTable,
  WitnessTable,
} from './trust-tables.ts';

/**
 * The database as both engines hold it. Only text and whole numbers are used, so that a row reads the same from SQLite
 * and from PostgreSQL: moments are RFC 3339 in UTC with milliseconds (they sort as text), flags are 0 or 1, documents
 * are JSON text.
 */
export interface Tables {
  site: SiteTable;
  person: PersonTable;
  passkey: PasskeyTable;
  session: SessionTable;
  login_link: LoginLinkTable;
  challenge: ChallengeTable;
  agent: AgentTable;
  repository: RepositoryTable;
  plan: PlanTable;
  schedule_mark: ScheduleMarkTable;
  slot: SlotTable;
  job: JobTable;
  job_log: JobLogTable;
  restore_point: RestorePointTable;
  drill: DrillTable;
  restore: RestoreTable;
  event: EventTable;
  event_head: EventHeadTable;
  idempotency: IdempotencyTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
  audit_detail: AuditDetailTable;
  join_token: JoinTokenTable;
  proof_seen: ProofSeenTable;
  replica: ReplicaTable;
  presence: PresenceTable;
  relay: RelayTable;
  signer: SignerTable;
  evidence_file: EvidenceFileTable;
  signed_head: SignedHeadTable;
  witness: WitnessTable;
  kit: KitTable;
  roster: RosterTable;
  escrow: EscrowTable;
  repository_grant: RepositoryGrantTable;
  api_token: ApiTokenTable;
  alert: AlertTable;
  legacy_agent: LegacyAgentTable;
  legacy_token: LegacyTokenTable;
  legacy_ticket: LegacyTicketTable;
  legacy_snapshot: LegacySnapshotTable;
  legacy_job: LegacyJobTable;
  legacy_job_log: LegacyJobLogTable;
  legacy_command: LegacyCommandTable;
}

export interface SiteTable {
  id: string;
  name: string;
  created_at: string;
}

export interface PersonTable {
  id: string;
  name: string;
  /** The name in lower case, normalised: unique, so that two people cannot look alike at sign-in. */
  name_key: string;
  /** JSON array of `Grant`. */
  grants: string;
  /** PHC string, or null while the person has no password. */
  password: string | null;
  disabled: number;
  created_at: string;
  last_seen_at: string | null;
}

export interface PasskeyTable {
  id: string;
  person_id: string;
  name: string;
  public_key: string;
  counter: number;
  transports: string;
  created_at: string;
}

export interface SessionTable {
  /** SHA-256 of the cookie's secret. */
  hash: string;
  person_id: string;
  via: string;
  created_at: string;
  seen_at: string;
  until_at: string;
}

export interface LoginLinkTable {
  hash: string;
  /** Whom it lets in; null for the first administrator. */
  person_id: string | null;
  created_at: string;
  expires_at: string;
  used_at: string | null;
}

/** A passkey challenge waiting for its answer: one use. */
export interface ChallengeTable {
  challenge: string;
  purpose: string;
  person_id: string | null;
  expires_at: string;
}

export interface AgentTable {
  id: string;
  hostname: string;
  kind: string;
  version: string;
  restore_root: string | null;
  is_root: number;
  last_seen_at: string | null;
  created_at: string;
  /** The data folder that a resident agent shares with its orchestrator; null for one that has none or is from before. */
  home: string | null;
  /** `pending`, `active`, `held` or `revoked`. */
  status: string;
  /** Why it is held, one sentence. */
  reason: string | null;
  /** Mark of its machine that is believed, and one that was seen and is not. */
  machine: string | null;
  seen_machine: string | null;
  /** Drawn by the process that connected last. */
  instance: string | null;
  /** A second process that was seen beside it: it may not connect. */
  held_instance: string | null;
  /** How often its certificate was issued, and the highest number it has shown itself. */
  generation: number;
  confirmed_generation: number;
  /** 1: a person looked, the next renewal may show any generation. */
  resync: number;
  /** RFC 7638 thumbprint of its identity key; the one before lasts until the new one is used. */
  identity: string | null;
  previous_identity: string | null;
  sealing: string | null;
  signing: string | null;
  certificate_until: string | null;
  policy_digest: string | null;
  has_owner: number;
  /** Number of the last order signed for it. */
  order_counter: number;
  plan_serial: number;
  plan_digest: string | null;
  /** JSON of the last renewal and its answer, so that a repetition gets the same. */
  last_renewal: string | null;
}

/** The secret of one join string: one use. */
export interface JoinTokenTable {
  id: string;
  hash: string;
  /** The only host name that may use it. */
  hostname: string | null;
  created_by: string;
  created_at: string;
  expires_at: string;
  /** Life of the certificate that it leads to. */
  days: number;
  used_at: string | null;
  /** Whom it made. */
  agent_id: string | null;
  /** When somebody tried it again. */
  tried_at: string | null;
}

/** A request proof that was used, for as long as it could be used again. */
export interface ProofSeenTable {
  id: string;
  seen_ms: number;
}

export interface RepositoryTable {
  id: string;
  name: string;
  agent_id: string;
  location: string;
  restic_id: string | null;
  password_file: string | null;
  status: string;
  created_at: string;
  checked_at: string | null;
}

export interface PlanTable {
  id: string;
  name: string;
  agent_id: string;
  repository_id: string;
  source: string;
  schedule: string;
  keep: string;
  promise: string;
  drill_schedule: string | null;
  enabled: number;
  version: number;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
}

/** Up to which moment a plan's schedule was worked off: every due slot before it has its record. */
export interface ScheduleMarkTable {
  plan_id: string;
  kind: string;
  at: string;
}

export interface SlotTable {
  plan_id: string;
  kind: string;
  due_at: string;
  status: string;
  job_id: string | null;
  reason: string | null;
}

export interface JobTable {
  id: string;
  kind: string;
  status: string;
  plan_id: string | null;
  plan_name: string | null;
  agent_id: string;
  restore_point_id: string | null;
  restore_id: string | null;
  drill_id: string | null;
  repository_id: string | null;
  cause: string;
  attempt: number;
  max_attempts: number;
  /** Grows with each lease; whoever shows an older one is no longer the one who works. */
  fence: number;
  /** The last fence whose outcome was taken in: repetition of an outcome changes nothing. */
  settled_fence: number;
  queued_at: string;
  not_before: string;
  started_at: string | null;
  ended_at: string | null;
  lease_until: string | null;
  cancel_reason: string | null;
  payload: string;
  outcome: string | null;
  result: string | null;
  error: string | null;
}

export interface JobLogTable {
  job_id: string;
  n: number;
  line: string;
}

export interface RestorePointTable {
  id: string;
  plan_id: string;
  plan_name: string;
  repository_id: string;
  job_id: string | null;
  kind: string;
  snapshot: string;
  grade: string;
  time: string;
  received_at: string;
  hostname: string;
  paths: string;
  files: number;
  directories: number;
  bytes: number;
  added_bytes: number;
  stored_bytes: number;
  errors: number;
  took_seconds: number;
  forgotten_at: string | null;
  last_drill_id: string | null;
}

export interface DrillTable {
  id: string;
  restore_point_id: string;
  plan_id: string;
  outcome: string;
  rto_seconds: number;
  ended_at: string;
  /** The whole evidence as the protocol's `drill`. */
  evidence: string;
}

export interface RestoreTable {
  id: string;
  restore_point_id: string;
  plan_id: string;
  plan_name: string;
  agent_id: string;
  include: string;
  target: string | null;
  /** JSON array of consents given to the proposal. */
  approvals: string | null;
  status: string;
  proposal: string | null;
  report: string | null;
  error: string | null;
  job_id: string | null;
  created_at: string;
  ended_at: string | null;
}

export interface EventTable {
  seq: number;
  at: string;
  object: string;
  object_id: string;
  plan_id: string | null;
}

export interface EventHeadTable {
  name: string;
  seq: number;
}

export interface IdempotencyTable {
  principal: string;
  key: string;
  request_hash: string;
  status: number;
  answer: string;
  created_at: string;
}

export interface AuditTable {
  chain: string;
  seq: number;
  prev: string;
  body: string;
  hash: string;
}

export interface AuditHeadTable {
  chain: string;
  seq: number;
  prev: string | null;
  hash: string;
}

/** Personal detail of a record, erasable: the record itself holds only its salted digest. */
export interface AuditDetailTable {
  chain: string;
  seq: number;
  salt: string;
  detail: string;
}
