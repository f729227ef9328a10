import type { AgentFrame } from '@fortfail/protocol';
import type { Change, Changes } from '../changes/changes.ts';
import { newId } from '../ids.ts';
import { freshAgent } from './agent-rows.ts';

type Hello = Extract<AgentFrame, { type: 'hello' }>;

/**
 * The agent that says hello over the local socket, whose folder only this user can enter, is the resident agent. Without an
 * id of its own it takes the one that the site knows, or becomes a new one; with an id that a new catalog does not know, it
 * keeps it.
 */
export async function enrolAgent(changes: Changes, hello: Hello): Promise<string> {
  const context = { actor: { id: hello.agentId ?? 'new', kind: 'agent', via: 'local-socket' }, request: 'none' } as const;
  return changes.run(context, async (change) => {
    const known = await find(change, hello.agentId);
    const id = known ?? hello.agentId ?? newId('agt');
    const seen = {
      hostname: hello.hostname,
      version: hello.version,
      restore_root: hello.restoreRoot,
      is_root: hello.isRoot ? 1 : 0,
      last_seen_at: change.now,
    };
    if (known === undefined)
      await change.tx
        .insertInto('agent')
        .values({ id, kind: 'resident', created_at: change.now, ...freshAgent, ...seen })
        .execute();
    else await change.tx.updateTable('agent').set(seen).where('id', '=', id).execute();
    change.audit({
      action: known === undefined ? 'agent.enrol' : 'agent.connect',
      object: { kind: 'agent', id },
      detail: { version: hello.version, instance: hello.instance },
    });
    change.event('agent', id);
    return id;
  });
}

async function find(change: Change, agentId: string | null): Promise<string | undefined> {
  const query = change.tx.selectFrom('agent').select('id');
  const row =
    agentId === null
      ? await query.where('kind', '=', 'resident').orderBy('created_at').executeTakeFirst()
      : await query.where('id', '=', agentId).executeTakeFirst();
  return row?.id;
}
