import type { ChangeContext, Changes } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';
import { HttpRefusal } from '../http/problems.ts';
import { type Hello, helloColumns, isOtherMachine, noteChanges } from './agent-facts.ts';
import { requireStanding, unknownAgent } from './agent-proofs.ts';
import { holdAgent } from './standing.ts';

export type Via = 'agent-link' | 'long-poll';

/**
 * Lets in an agent that has proven its key and says hello from another host. What speaks for a copy of it (another machine,
 * an older generation) holds it. Throws the refusal that its standing calls for; what was found stays on record.
 */
export async function admitAgent(changes: Changes, agentId: string, hello: Hello, via: Via): Promise<void> {
  const context: ChangeContext = { actor: { id: agentId, kind: 'agent', via }, request: 'none' };
  const refusal = await changes.run(context, async (change) => {
    // Takes the row, so that of two at once one sees what the other did.
    const row = await change.tx
      .updateTable('agent')
      .set({ last_seen_at: change.now })
      .where('id', '=', agentId)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return change.nothing(unknownAgent());
    const found = row.status === 'active' ? suspicion(row, hello) : undefined;
    if (found !== undefined) {
      await holdAgent(change, agentId, { reason: found.reason, alert: 'agent-held', seenMachine: found.seenMachine });
      return held(found.reason);
    }
    const standing = standingOf(row, hello, change.now);
    if (standing !== undefined) return change.nothing(standing);
    const { generation = row.generation } = hello;
    const after = await change.tx
      .updateTable('agent')
      .set({
        ...helloColumns(change, hello),
        ...(row.resync === 1 ? {} : { confirmed_generation: Math.max(row.confirmed_generation, generation) }),
        // A site that was set back learns from its agents how far they are.
        generation: Math.max(row.generation, generation),
        machine: row.machine ?? hello.machine ?? null,
      })
      .where('id', '=', agentId)
      .returningAll()
      .executeTakeFirstOrThrow();
    await noteChanges(change, row, after, hello);
    change.audit({
      action: 'agent.connect',
      object: { kind: 'agent', id: agentId },
      detail: { version: hello.version, instance: hello.instance },
    });
    change.event('agent', agentId);
    return undefined;
  });
  if (refusal !== undefined) throw refusal;
}

function standingOf(row: AgentTable, hello: Hello, now: string): HttpRefusal | undefined {
  if (row.held_instance === hello.instance) return held('A copy of it was connected already.');
  if (row.seen_machine !== null && row.seen_machine === hello.machine) return held('It belongs to another machine.');
  try {
    requireStanding(row, new Date(now), 'use');
    return undefined;
  } catch (error) {
    if (error instanceof HttpRefusal) return error;
    throw error;
  }
}

/** What makes it likely that there are, or were, two of it. */
function suspicion(row: AgentTable, hello: Hello): { readonly reason: string; readonly seenMachine?: string | undefined } | undefined {
  if (isOtherMachine(row.machine, hello.machine) && hello.machine !== row.seen_machine) {
    return {
      reason: 'It came from another machine than before: it was moved (decide "keep") or cloned (decide "split").',
      seenMachine: hello.machine,
    };
  }
  const { generation } = hello;
  if (row.resync === 1 || generation === undefined || generation >= row.confirmed_generation) return undefined;
  return {
    reason: `It came back with certificate ${generation} while the site has seen ${row.confirmed_generation}: its machine was set back to an older state (decide "accept-rollback"), or a copy of it exists.`,
  };
}

function held(reason: string): HttpRefusal {
  return new HttpRefusal(403, {
    kind: 'denied',
    code: 'agent-held',
    message: `unable to work with this agent: ${reason}`,
    hint: 'Somebody has to look at it in the console.',
  });
}
