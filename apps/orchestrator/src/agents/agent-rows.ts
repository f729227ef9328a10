import type { Agent } from '@fortfail/protocol';
import { agentWords } from '@fortfail/trust';
import type { Reader, Tx } from '../database/database.ts';
import type { AgentTable } from '../database/tables.ts';
import { openStatuses } from '../jobs/job-rows.ts';

/** What an agent that is new has: to be spread into its row. */
export const freshAgent = {
  status: 'active',
  generation: 0,
  confirmed_generation: 0,
  resync: 0,
  has_owner: 0,
  order_counter: 0,
  plan_serial: 0,
} as const;

/** What other tables and the hub know of an agent. */
export interface AgentFacts {
  readonly connected: boolean;
  readonly plans: number;
  readonly openJobs: number;
  readonly witnessSeq: number | null;
}

/** The agent as the API tells it. */
export function toAgent(row: AgentTable, facts: AgentFacts): Agent {
  return {
    id: row.id,
    hostname: row.hostname,
    kind: row.kind as Agent['kind'],
    status: row.status as Agent['status'],
    reason: row.reason,
    version: row.version,
    connected: facts.connected,
    lastSeenAt: row.last_seen_at,
    restoreRoot: row.restore_root,
    isRoot: row.is_root === 1,
    enrolledAt: row.created_at,
    words: wordsOf(row),
    identity: row.identity,
    sealing: row.sealing,
    signing: row.signing,
    certificateUntil: row.certificate_until,
    generation: row.generation,
    policyDigest: row.policy_digest,
    hasOwner: row.has_owner === 1,
    witnessSeq: facts.witnessSeq,
    plans: facts.plans,
    openJobs: facts.openJobs,
  };
}

/** The six words that its host shows as well; null for an agent whose keys are not known. */
export function wordsOf({ identity, sealing, signing }: AgentTable): string[] | null {
  if (identity === null || sealing === null || signing === null) return null;
  return [...agentWords({ identity, sealing, signing })];
}

/** Plans, open jobs and the witnessed head of each agent, by its id. */
export async function agentFacts(reader: Reader | Tx, isConnected: (agentId: string) => boolean): Promise<(agentId: string) => AgentFacts> {
  const count = (rows: readonly { agent_id: string; n: unknown }[]) => new Map(rows.map((row) => [row.agent_id, Number(row.n)]));
  const plans = count(
    await reader
      .selectFrom('plan')
      .select((eb) => ['agent_id', eb.fn.countAll().as('n')])
      .where('deleted_at', 'is', null)
      .groupBy('agent_id')
      .execute(),
  );
  const jobs = count(
    await reader
      .selectFrom('job')
      .select((eb) => ['agent_id', eb.fn.countAll().as('n')])
      .where('status', 'in', openStatuses)
      .groupBy('agent_id')
      .execute(),
  );
  const heads = count(
    await reader
      .selectFrom('witness')
      .select((eb) => ['agent_id', eb.fn.max('seq').as('n')])
      .where('chain', '=', 'main')
      .groupBy('agent_id')
      .execute(),
  );
  return (agentId) => ({
    connected: isConnected(agentId),
    plans: plans.get(agentId) ?? 0,
    openJobs: jobs.get(agentId) ?? 0,
    witnessSeq: heads.get(agentId) ?? null,
  });
}
