import type { AlertTable, ApiTokenTable } from './access-tables.ts';

export type { AlertTable, ApiTokenTable } from './access-tables.ts';

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

/** Public keys this site has ever signed with: kept for ever, so that what they signed can be verified. */
export interface SignerTable {
  /** SSH fingerprint. */
  fingerprint: string;
  /** The public key as an SSH line. */
  line: string;
  /** `link` or `evidence`. */
  kind: string;
  since: string;
  until_at: string | null;
}

/** One signed file of a drill's evidence: the runner's own result, or the site's statement about it. */
export interface EvidenceFileTable {
  drill_id: string;
  name: string;
  text: string;
  namespace: string;
  /** Who signed, as `allowed_signers` names it. */
  signer: string;
  signer_line: string;
  signature: string;
}

export interface SignedHeadTable {
  chain: string;
  seq: number;
  hash: string;
  made: string;
  /** The exact bytes that were signed. */
  text: string;
  signature: string;
}

/** What each witness said it holds. */
export interface WitnessTable {
  agent_id: string;
  chain: string;
  seq: number;
  hash: string;
  seen_at: string;
  verdict: string;
}

/** An agent id of the first API and who has it. */
export interface LegacyAgentTable {
  /** As its clients write it. */
  id: string;
  /** `agent` claimed it by the shared secret, `pool` is operated by tokens without an id, `native` has a key of its own. */
  claim: string;
  /** Its row among all agents. */
  agent_id: string;
  /** SHA-256 of its own `ffl_` secret. */
  secret_hash: string | null;
  /** Where the claim, or the last token minted with more than the shared secret, came from. */
  address: string | null;
  created_at: string;
  last_seen_at: string | null;
}

/** One minted token of the first API, by its `jti`: without a live row here a token is worth nothing. */
export interface LegacyTokenTable {
  id: string;
  /** Null: for the pool. */
  legacy_id: string | null;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
}

/** A ticket for one WebSocket. */
export interface LegacyTicketTable {
  hash: string;
  /** JSON of who gets in by it. */
  caller: string;
  expires_at: string;
  used_at: string | null;
}

export interface LegacySnapshotTable {
  id: string;
  legacy_id: string;
  checksum: string;
  size_bytes: number;
  metadata: string | null;
  /** `registered` has no verified object yet, `uploaded` has. */
  status: string;
  object_key: string;
  /** Where a presigned upload goes before it is checked, and until when it may. */
  incoming_key: string | null;
  incoming_until: string | null;
  created_at: string;
  uploaded_at: string | null;
}

export interface LegacyJobTable {
  id: string;
  snapshot_id: string;
  target: string;
  /** `agent:<id>`, `pool`, or who else ordered it. */
  made_by: string;
  status: string;
  created_at: string;
  updated_at: string;
}

export interface LegacyJobLogTable {
  job_id: string;
  n: number;
  entry: string;
}

export interface LegacyCommandTable {
  id: string;
  legacy_id: string;
  job_id: string;
  command_type: string;
  payload: string;
  status: string;
  /** Until then nobody else gets it; afterwards it is delivered again. */
  lease_until: string | null;
  deliveries: number;
  created_at: string;
  updated_at: string;
}

/** An orchestrator process that lives, or did a moment ago. Milliseconds in these three tables are by the database's clock. */
export interface ReplicaTable {
  id: string;
  /** Its data folder. */
  home: string;
  hostname: string;
  pid: number;
  version: string;
  /** Fingerprint of the key it signs orders with: the same in all. */
  link_key: string;
  /** The server's process that serves its session. */
  backend: number;
  started_at: string;
  seen_ms: number;
}

/** Which orchestrator an agent is connected to. */
export interface PresenceTable {
  agent_id: string;
  replica: string;
  instance: string;
  /** Names the connection: a row is only ever taken away by the one that wrote it. */
  session: string;
  since: string;
  seen_ms: number;
}

/** What one orchestrator has for another: taken away by the one it is for. */
export interface RelayTable {
  id: string;
  to_replica: string;
  kind: string;
  body: string;
  expires_ms: number;
}

/** A recovery kit: public halves only. One is in force, the one without `replaced_at`. */
export interface KitTable {
  /** age recipient. */
  recipient: string;
  kit_id: string;
  /** Owner's public key as an SSH line. */
  owner: string;
  /** What a confirmation must repeat. */
  confirmation: string;
  created_at: string;
  confirmed_at: string | null;
  tested_at: string | null;
  replaced_at: string | null;
}

export interface RosterTable {
  serial: number;
  text: string;
  signature: string;
  created_at: string;
}

/** A repository's password sealed to a recovery key: opaque here. */
export interface EscrowTable {
  repository_id: string;
  n: number;
  recipient: string;
  sealed: string;
  key_id: string;
  /** JSON array: where copies were acknowledged. */
  places: string;
  created_at: string;
}

/** A key slot of a repository for a second agent. One for each of them and repository. */
export interface RepositoryGrantTable {
  id: string;
  repository_id: string;
  from_agent_id: string;
  to_agent_id: string;
  /** `asked`, `sealed`, `accepted`, `refused` or `removed`. */
  status: string;
  sentence: string;
  /** The order to the owner's agent as JSON: repeated word for word when it is asked again. */
  payload: string;
  /** The slot's password, sealed to the other agent; gone once it has it. */
  sealed: string | null;
  job_id: string | null;
  created_at: string;
  accepted_at: string | null;
}
