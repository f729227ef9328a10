import type { Change, Changes } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { type Hello, helloColumns, noteChanges } from './agent-facts.ts';
import { requireStanding, unknownAgent } from './agent-proofs.ts';
import { freshAgent } from './agent-rows.ts';

/**
 * The agent that says hello over the local socket, whose folder only this user can enter, is the resident agent of that data
 * folder, which `home` names. Without an id of its own it takes the one that the site knows there, or becomes a new one; with
 * an id that a new catalog does not know, it keeps it. Throws `denied` for an id that is another host's, and for one that is held or revoked.
 */
export async function enrolAgent(changes: Changes, hello: Hello, home: string): Promise<string> {
  const context = { actor: { id: hello.agentId ?? 'new', kind: 'agent', via: 'local-socket' }, request: 'none' } as const;
  return changes.run(context, async (change) => {
    const known = await find(change, hello.agentId, home);
    const id = known?.id ?? hello.agentId ?? newId('agt');
    if (known !== undefined) {
      if (known.kind !== 'resident') throw unknownAgent();
      requireStanding({ ...known, certificate_until: null }, new Date(change.now), 'use');
    }
    const machine = hello.machine ?? known?.machine ?? null;
    const seen = { ...helloColumns(change, hello), identity: hello.identity ?? known?.identity ?? null, machine, home };
    const fresh = { id, kind: 'resident', created_at: change.now, ...freshAgent, ...seen };
    const after = await (known === undefined
      ? change.tx.insertInto('agent').values(fresh).returningAll().executeTakeFirstOrThrow()
      : change.tx.updateTable('agent').set(seen).where('id', '=', id).returningAll().executeTakeFirstOrThrow());
    await noteChanges(change, known, after, hello);
    change.audit({
      action: known === undefined ? 'agent.enrol' : 'agent.connect',
      object: { kind: 'agent', id },
      detail: { version: hello.version, instance: hello.instance },
    });
    change.event('agent', id);
    return id;
  });
}

async function find(change: Change, agentId: string | null, home: string): Promise<AgentTable | undefined> {
  const agents = change.tx.selectFrom('agent').selectAll();
  if (agentId !== null) return agents.where('id', '=', agentId).executeTakeFirst();
  const residents = agents.where('kind', '=', 'resident').orderBy('created_at');
  const own = await residents.where('home', '=', home).executeTakeFirst();
  if (own !== undefined) return own;
  // One from before data folders had names. Of two orchestrators that look at once, one gets it.
  const nameless = await residents.where('home', 'is', null).executeTakeFirst();
  if (nameless === undefined) return undefined;
  const taken = change.tx.updateTable('agent').set({ home }).where('id', '=', nameless.id).where('home', 'is', null);
  return taken.returningAll().executeTakeFirst();
}
