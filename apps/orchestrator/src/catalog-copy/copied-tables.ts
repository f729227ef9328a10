import type { Tables } from '../database/tables.ts';

/**
 * The tables of a catalog copy, each after those it refers to, with the columns that order its rows.
 */
export const copiedTables = {
  site: ['id'],
  person: ['id'],
  passkey: ['id'],
  agent: ['id'],
  repository: ['id'],
  kit: ['recipient'],
  roster: ['serial'],
  escrow: ['repository_id', 'n'],
  repository_grant: ['id'],
  plan: ['id'],
  schedule_mark: ['plan_id', 'kind'],
  slot: ['plan_id', 'kind', 'due_at'],
  job: ['id'],
  job_log: ['job_id', 'n'],
  restore_point: ['id'],
  drill: ['id'],
  signer: ['fingerprint'],
  evidence_file: ['drill_id', 'name'],
  signed_head: ['chain', 'seq'],
  witness: ['agent_id', 'chain'],
  restore: ['id'],
  alert: ['id'],
  legacy_agent: ['id'],
  legacy_snapshot: ['id'],
  legacy_job: ['id'],
  legacy_job_log: ['job_id', 'n'],
  legacy_command: ['id'],
  event: ['seq'],
  event_head: ['name'],
  audit: ['chain', 'seq'],
  audit_detail: ['chain', 'seq'],
  audit_head: ['chain'],
} as const satisfies Partial<Record<keyof Tables, readonly string[]>>;

/** What only lets somebody in for a while, or is of this very process: after a rebuild people sign in and hosts join anew. */
type LeftOut =
  | 'session'
  | 'login_link'
  | 'challenge'
  | 'api_token'
  | 'idempotency'
  | 'join_token'
  | 'proof_seen'
  | 'legacy_token'
  | 'legacy_ticket'
  | 'replica'
  | 'presence'
  | 'relay';

export type CopiedTable = keyof typeof copiedTables;
/** Does not compile while a table is neither copied nor left out on purpose. */
export const everyTableIsDecided: Record<Exclude<keyof Tables, CopiedTable | LeftOut>, never> = {};

export const copiedTableNames = Object.keys(copiedTables) as CopiedTable[];

/** Rows that a fresh database has already: an import replaces them. */
export const seededTables: ReadonlySet<CopiedTable> = new Set(['event_head', 'audit_head']);

/** What `manifest.json` of a copy says: which schema, and for each table how many rows with which SHA-256 of its file. */
export interface CatalogManifest {
  readonly format: 1;
  /** Name of the newest migration of the database that was copied. */
  readonly schema: string;
  readonly madeAt: string;
  readonly version: string;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
}

export const manifestName = 'manifest.json';
