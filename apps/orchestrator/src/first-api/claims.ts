import type { Change } from '../changes/changes.ts';
import type { Reader } from '../database/database.ts';
import type { LegacyAgentTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { recordOf } from './records.ts';
import { refuse } from './refusal.ts';

/** `agent`: by the shared secret. `pool`: operated by tokens without id. `native`: by an agent with a key, for good. */
export type Claim = 'agent' | 'pool' | 'native';

/** Who has an id; undefined while nobody has. */
export async function findClaim(reader: Reader, id: string): Promise<LegacyAgentTable | undefined> {
  return reader.selectFrom('legacy_agent').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The id that a native agent has. */
export async function findNative(reader: Reader, agentId: string): Promise<LegacyAgentTable | undefined> {
  return reader.selectFrom('legacy_agent').selectAll().where('agent_id', '=', agentId).where('claim', '=', 'native').executeTakeFirst();
}

/** Whether the id belongs to an agent that never spoke the first API: nobody else may take its name. */
export async function isNativeId(reader: Reader, id: string): Promise<boolean> {
  const row = await reader.selectFrom('agent').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}

/**
 * Takes a free id. Agents without a key of their own get a row among all agents, kind `legacy`, so that people see them.
 * Two that claim one id at once: the database lets one through, the other fails with `conflict`.
 */
export async function claimId(
  change: Change,
  id: string,
  by: { readonly claim: Claim; readonly agentId?: string; readonly address: string | null; readonly secretHash?: string },
): Promise<LegacyAgentTable> {
  if (await isNativeId(change.tx, id)) throw refuse(403, 'native-id', 'This agent id belongs to another agent');
  const agentId = by.agentId ?? (await makeAgent(change, id));
  const row: LegacyAgentTable = {
    id,
    claim: by.claim,
    agent_id: agentId,
    secret_hash: by.secretHash ?? null,
    address: by.address,
    created_at: change.now,
    last_seen_at: null,
  };
  await change.tx.insertInto('legacy_agent').values(row).execute();
  change.audit(recordOf('agent_claimed', { kind: 'agent', id: agentId }, { agent_id: id, claim: by.claim }));
  change.event('agent', agentId);
  return row;
}

/** What an agent row says of one that has no keys and gets no orders. */
const keyless = {
  home: null,
  status: 'active',
  reason: null,
  machine: null,
  seen_machine: null,
  instance: null,
  generation: 0,
  confirmed_generation: 0,
  resync: 0,
  identity: null,
  previous_identity: null,
  sealing: null,
  signing: null,
  certificate_until: null,
  policy_digest: null,
  has_owner: 0,
  order_counter: 0,
  plan_serial: 0,
  plan_digest: null,
  last_renewal: null,
} as const;

async function makeAgent(change: Change, id: string): Promise<string> {
  const agentId = newId('agt');
  await change.tx
    .insertInto('agent')
    .values({
      id: agentId,
      hostname: id,
      kind: 'legacy',
      version: '',
      restore_root: null,
      is_root: 0,
      last_seen_at: null,
      created_at: change.now,
      ...keyless,
    })
    .execute();
  return agentId;
}

/** Remembers when an id was last heard of, no more often than every few seconds. */
export async function markSeen(change: Change, row: LegacyAgentTable): Promise<void> {
  await change.tx.updateTable('legacy_agent').set({ last_seen_at: change.now }).where('id', '=', row.id).execute();
  if (row.claim !== 'native')
    await change.tx.updateTable('agent').set({ last_seen_at: change.now }).where('id', '=', row.agent_id).execute();
}

/** Whether an administrator holds or revoked it. */
export async function isStopped(reader: Reader, known: LegacyAgentTable): Promise<boolean> {
  const row = await reader.selectFrom('agent').selectAll().where('id', '=', known.agent_id).executeTakeFirst();
  return row?.status === 'held' || row?.status === 'revoked';
}
