import type { Change, ChangeContext, Changes } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { LegacyAgentTable, LegacyCommandTable } from '../database/tables.ts';
import type { Caller } from './caller.ts';
import { claimId, findClaim, markSeen } from './claims.ts';
import { recordOf } from './records.ts';
import { refuse } from './refusal.ts';
import { seesAgent } from './rights.ts';

/** Without a word from the agent for so long a command is delivered again. */
const firstLeaseMs = 60_000;
/** After a word from it: restores take their time. */
const workLeaseMs = 15 * 60_000;
const batch = 10;
/** How often it is written down that an agent is there. */
const seenEveryMs = 5000;

export interface CommandParts {
  readonly database: Database;
  readonly changes: Changes;
}

/**
 * The queue of each agent. A command that was handed out is leased: nobody gets it a second time while the lease holds,
 * everybody of that agent does when it ran out without an answer. Only an event of the agent ends it.
 */
export class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** What the caller gets of an agent's queue: its own agent takes, an operator only looks. Throws 403. */
  async poll(caller: Caller, agentId: string, now: Date, context: ChangeContext): Promise<LegacyCommandTable[]> {
    const { database } = this.#parts;
    const claim = await findClaim(database.read, agentId);
    if (caller.kind === 'newcomer' && claim === undefined) return this.#take(agentId, claim, context, caller.agentId);
    if (caller.kind === 'agent' && caller.id === agentId) {
      const isDue = (await this.#due(agentId, now).select('id').limit(1).executeTakeFirst()) !== undefined;
      const isSeen = claim?.last_seen_at != null && now.getTime() - Date.parse(claim.last_seen_at) < seenEveryMs;
      return isDue || !isSeen ? this.#take(agentId, claim, context) : [];
    }
    const mayLook = (caller.kind === 'pool' || caller.kind === 'person') && seesAgent(caller, claim, agentId);
    if (!mayLook) throw refuse(403, 'other-agent', 'This token may not read that agent’s commands');
    return database.read
      .selectFrom('legacy_command')
      .selectAll()
      .where('legacy_id', '=', agentId)
      .where('status', 'in', ['pending', 'sent'])
      .orderBy('created_at')
      .orderBy('id')
      .limit(100)
      .execute();
  }

  #due(agentId: string, now: Date) {
    return this.#parts.database.read
      .selectFrom('legacy_command')
      .where('legacy_id', '=', agentId)
      .where((eb) =>
        eb.or([eb('status', '=', 'pending'), eb.and([eb('status', '=', 'sent'), eb('lease_until', '<=', now.toISOString())])]),
      );
  }

  async #take(
    agentId: string,
    known: LegacyAgentTable | undefined,
    context: ChangeContext,
    newcomer?: string,
  ): Promise<LegacyCommandTable[]> {
    return this.#parts.changes.run(context, async (change) => {
      const claim =
        known ??
        (newcomer === undefined ? undefined : await claimId(change, agentId, { claim: 'native', agentId: newcomer, address: null }));
      if (claim !== undefined) await markSeen(change, claim);
      const taken = await lease(change, agentId);
      for (const { id, job_id, deliveries } of taken)
        change.audit(recordOf('command_sent', { kind: 'command', id }, { command_id: id, agent_id: agentId, job_id, deliveries }));
      if (taken.length === 0 && newcomer === undefined) return change.nothing(taken);
      change.event('agent', claim?.agent_id ?? 'pool');
      return taken;
    });
  }
}

/** Each command is taken by its own condition, looked at again under its row's lock: of two pollers one gets it. */
async function lease(change: Change, agentId: string): Promise<LegacyCommandTable[]> {
  const candidates = await change.tx
    .selectFrom('legacy_command')
    .select('id')
    .where('legacy_id', '=', agentId)
    .where((eb) => eb.or([eb('status', '=', 'pending'), eb.and([eb('status', '=', 'sent'), eb('lease_until', '<=', change.now)])]))
    .orderBy('created_at')
    .orderBy('id')
    .limit(batch)
    .execute();
  const taken: LegacyCommandTable[] = [];
  for (const { id } of candidates) {
    const row = await change.tx
      .updateTable('legacy_command')
      .set((eb) => ({
        status: 'sent',
        lease_until: after(change, firstLeaseMs),
        deliveries: eb('deliveries', '+', 1),
        updated_at: change.now,
      }))
      .where('id', '=', id)
      .where((eb) => eb.or([eb('status', '=', 'pending'), eb.and([eb('status', '=', 'sent'), eb('lease_until', '<=', change.now)])]))
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) taken.push(row);
  }
  return taken;
}

/** A word from an agent: it works on what it took, one thing after the other, so all its leases go on. */
export async function extendLeases(change: Change, agentId: string): Promise<void> {
  await change.tx
    .updateTable('legacy_command')
    .set({ lease_until: after(change, workLeaseMs) })
    .where('legacy_id', '=', agentId)
    .where('status', '=', 'sent')
    .execute();
}

function after(change: Change, ms: number): string {
  return new Date(Date.parse(change.now) + ms).toISOString();
}
