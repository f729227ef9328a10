import { FortFailError } from '@fortfail/base';
import type { Agent } from '@fortfail/protocol';
import type { ClientCall } from './client-call.ts';

/** The one agent of that host name or id. Throws `not-found` naming those that there are, also when two hosts are called so. */
export async function findAgent({ client, signal }: ClientCall, name: string): Promise<Agent> {
  const { items } = await client.ask('listAgents', { query: { limit: 200 }, signal });
  const found = items.filter(({ id, hostname }) => id === name || hostname === name);
  const [agent] = found;
  if (agent !== undefined && found.length === 1) return agent;
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-agent',
    message: `unable to find one agent '${name}'`,
    hint: `There are: ${items.map(({ id, hostname }) => `${hostname} (${id})`).join(', ')}.`,
  });
}
