import { may } from '../access/may.ts';
import type { Reader } from '../database/database.ts';
import type { LegacyAgentTable, LegacyJobTable, LegacySnapshotTable } from '../database/tables.ts';
import type { Caller } from './caller.ts';
import { findClaim } from './claims.ts';
import { refuse } from './refusal.ts';

/** Whether callers without an agent id may restore anything of this API anywhere. */
export interface RightsRules {
  readonly crossRestore: boolean;
}

/** An id that the pool may use: its own, or one that nobody has. */
function isOfPool(claim: LegacyAgentTable | undefined): boolean {
  return claim === undefined || claim.claim === 'pool';
}

/** Whether the caller may see what belongs to that agent id: lists and lookups leave the rest out. */
export function seesAgent(caller: Caller, claim: LegacyAgentTable | undefined, id: string): boolean {
  switch (caller.kind) {
    case 'agent':
      return caller.id === id;
    case 'newcomer':
      return false;
    case 'pool':
      // All that was made through this API is the pool operator's to see; what native agents protect never is in here.
      return true;
    case 'person':
      return may(caller.principal, 'see', { kind: 'agent', agentId: claim?.agent_id ?? null }) === 'yes';
  }
}

/** Jobs that touch the caller's own id; for the pool its own jobs, or all where it may restore everything. */
export function seesJob(
  caller: Caller,
  job: LegacyJobTable,
  snapshotOf: string,
  rules: RightsRules,
  claim: LegacyAgentTable | undefined,
): boolean {
  if (caller.kind === 'agent') return job.target === caller.id || snapshotOf === caller.id;
  if (caller.kind === 'pool') return rules.crossRestore || job.made_by === 'pool';
  return seesAgent(caller, claim, job.target);
}

/** Throws 403 unless the caller acts for that agent id: its queue, its events, its snapshots. */
export async function checkActsFor(reader: Reader, caller: Caller, id: string): Promise<void> {
  if (caller.kind === 'agent' && caller.id === id) return;
  if (caller.kind === 'pool' && isOfPool(await findClaim(reader, id))) return;
  throw refuse(403, 'other-agent', 'This token may not act for that agent');
}

/** As `checkActsFor`, and a native agent without an id may take a free one by using it. */
export async function checkMayBe(reader: Reader, caller: Caller, id: string): Promise<void> {
  if (caller.kind === 'newcomer' && (await findClaim(reader, id)) === undefined) return;
  await checkActsFor(reader, caller, id);
}

/** Throws 403 unless the caller may have that snapshot restored on that target. */
export async function checkRestore(
  reader: Reader,
  caller: Caller,
  snapshot: LegacySnapshotTable,
  target: string,
  rules: RightsRules,
): Promise<void> {
  const refusal = refuse(403, 'other-agent', 'This token may not restore that snapshot to that agent');
  if (caller.kind === 'agent') {
    if (snapshot.legacy_id === caller.id && target === caller.id) return;
    throw refusal;
  }
  const [source, place] = [await findClaim(reader, snapshot.legacy_id), await findClaim(reader, target)];
  if (caller.kind === 'pool') {
    if (rules.crossRestore || target === snapshot.legacy_id || (isOfPool(source) && isOfPool(place))) return;
    throw refusal;
  }
  if (caller.kind === 'person') {
    const isRestorer = (agentId: string | undefined) =>
      may(caller.principal, 'restore', { kind: 'restore', agentId: agentId ?? null }) === 'yes';
    if (isRestorer(source?.agent_id) && isRestorer(place?.agent_id)) return;
  }
  throw refusal;
}

/** Throws 403 unless the caller may read that snapshot's bytes: its own, a pool's, or by the lease of a restore. */
export async function checkDownload(
  reader: Reader,
  caller: Caller,
  snapshot: LegacySnapshotTable,
  rules: RightsRules,
  now: string,
): Promise<void> {
  if (caller.kind === 'agent') {
    if (snapshot.legacy_id === caller.id) return;
    const leased = await reader
      .selectFrom('legacy_command as c')
      .innerJoin('legacy_job as j', 'j.id', 'c.job_id')
      .select('c.id')
      .where('j.snapshot_id', '=', snapshot.id)
      .where('j.target', '=', caller.id)
      .where('c.legacy_id', '=', caller.id)
      .where('c.status', '=', 'sent')
      .where('c.lease_until', '>', now)
      .executeTakeFirst();
    if (leased !== undefined) return;
  }
  if (caller.kind === 'pool' && (rules.crossRestore || isOfPool(await findClaim(reader, snapshot.legacy_id)))) return;
  throw refuse(403, 'other-agent', 'This token may not read that snapshot');
}
