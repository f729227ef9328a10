import type { AgentFrame } from '@fortfail/protocol';
import type { Change, Changes } from '../changes/changes.ts';
import { newId } from '../ids.ts';
import { freshAgent } from './agent-rows.ts';

type Hello = Extract<AgentFrame, { type: 'hello' }>;

/**
 * The agent that says hello over the local socket, whose folder only this user can enter, is the resident agent of that data
 * folder, which `home` names. Without an id of its own it takes the one that the site knows there, or becomes a new one; with
 * an id that a new catalog does not know, it keeps it.
 */
export async function enrolAgent(changes: Changes, hello: Hello, home: string): Promise<string> {
  const context = { actor: { id: hello.agentId ?? 'new', kind: 'agent', via: 'local-socket' }, request: 'none' } as const;
  return changes.run(context, async (change) => {
    const known = await find(change, hello.agentId, home);
    const id = known ?? hello.agentId ?? newId('agt');
    const seen = {
      hostname: hello.hostname,
      version: hello.version,
      restore_root: hello.restoreRoot,
      is_root: hello.isRoot ? 1 : 0,
      last_seen_at: change.now,
      home,
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

async function find(change: Change, agentId: string | null, home: string): Promise<string | undefined> {
  if (agentId !== null) return (await change.tx.selectFrom('agent').select('id').where('id', '=', agentId).executeTakeFirst())?.id;
  const residents = change.tx.selectFrom('agent').select('id').where('kind', '=', 'resident').orderBy('created_at');
  const own = await residents.where('home', '=', home).executeTakeFirst();
  if (own !== undefined) return own.id;
  // One from before data folders had names. Of two orchestrators that look at once, one gets it.
  const nameless = await residents.where('home', 'is', null).executeTakeFirst();
  if (nameless === undefined) return undefined;
  const taken = change.tx.updateTable('agent').set({ home }).where('id', '=', nameless.id).where('home', 'is', null);
  return (await taken.returning('id').executeTakeFirst())?.id;
}
