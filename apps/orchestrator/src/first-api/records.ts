import type { AuditEntry } from '../audit/audit-record.ts';
import type { Json } from '../audit/canonical-json.ts';

/** What happens through the first API, by the names its users know from its log and its live events. */
export const recordNames = ['token_minted', 'snapshot_created', 'snapshot_uploaded', 'restore_job_created', 'agent_event'] as const;
/** And what was not put on record before. */
export const furtherRecordNames = [
  'snapshot_dropped',
  'snapshot_refused',
  'snapshot_downloaded',
  'command_sent',
  'agent_claimed',
  'token_revoked',
  'secret_made',
] as const;
export type RecordName = (typeof recordNames)[number] | (typeof furtherRecordNames)[number];

const all: ReadonlySet<string> = new Set([...recordNames, ...furtherRecordNames]);

export function isRecordName(action: string): action is RecordName {
  return all.has(action);
}

type Fields = Readonly<Record<string, Json | undefined>>;

/** A record of the first API for the audit chain: its fields are the detail, so they stand in the file as they always did. */
export function recordOf(name: RecordName, object: { kind: string; id: string }, fields: Fields, address?: string): AuditEntry {
  return { action: name, object, detail: fields, ...(address === undefined ? {} : { personal: { address } }) };
}
