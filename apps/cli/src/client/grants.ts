import { FortFailError } from '@fortfail/base';
import { type Person, type PersonGrant, role } from '@fortfail/protocol';
import { type ClientCall, findPlan } from './client-call.ts';

/** Roles as they are typed, `operator` or `operator@plan:etc`, with names of plans and hosts turned into ids. */
export async function readGrants(call: ClientCall, texts: readonly string[]): Promise<PersonGrant[]> {
  const grants: PersonGrant[] = [];
  for (const text of texts) {
    const at = text.indexOf('@');
    const parsed = role.safeParse(at < 0 ? text : text.slice(0, at));
    if (!parsed.success) throw badGrant(text);
    grants.push({ role: parsed.data, scope: await readScope(call, at < 0 ? 'site' : text.slice(at + 1), text) });
  }
  return grants;
}

async function readScope(call: ClientCall, scope: string, text: string): Promise<string> {
  if (scope === 'site') return scope;
  if (scope.startsWith('plan:')) return `plan:${(await findPlan(call, scope.slice('plan:'.length))).plan.id}`;
  if (scope.startsWith('host:')) return `host:${await findHost(call, scope.slice('host:'.length))}`;
  throw badGrant(text);
}

async function findHost({ client, signal }: ClientCall, nameOrId: string): Promise<string> {
  const { items } = await client.ask('listAgents', { query: { limit: 200 }, signal });
  const found = items.filter(({ id, hostname, status }) => id === nameOrId || (hostname === nameOrId && status !== 'revoked'));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first.id;
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-agent',
    message:
      first === undefined
        ? `unable to find host '${nameOrId}'`
        : `unable to tell which host '${nameOrId}' is, several agents call themselves so`,
    hint: `There are: ${items.map(({ hostname, id }) => `${hostname} (${id})`).join(', ')}.`,
  });
}

/** The person of that name or id; throws `not-found` naming those that exist. */
export async function findPerson({ client, signal }: ClientCall, nameOrId: string): Promise<Person> {
  const { items } = await client.ask('listPersons', { query: { limit: 200 }, signal });
  const wanted = nameOrId.toLowerCase();
  const found = items.find(({ id, name }) => id === nameOrId || name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-person',
    message: `unable to find person '${nameOrId}'`,
    hint: items.length === 0 ? 'There are none before the first sign-in.' : `There are: ${items.map(({ name }) => name).join(', ')}.`,
  });
}

/** Roles for people: `operator`, `viewer@plan:pln_...`. */
export function grantsText(grants: readonly PersonGrant[]): string[] {
  return grants.map((grant) => (grant.scope === 'site' ? grant.role : `${grant.role}@${grant.scope}`));
}

function badGrant(text: string): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'usage',
    message: `invalid argument '${text}' for '--grant'`,
    hint: `Give a role (${role.options.join(', ')}), alone or with @plan:NAME or @host:NAME.`,
  });
}

/** Refuses a verb that needs roles and got none. */
export function needGrants(texts: readonly string[]): readonly string[] {
  if (texts.length > 0) return texts;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'usage',
    message: 'unable to go on without a role',
    hint: `Give --grant with ${role.options.join(', ')}.`,
  });
}
