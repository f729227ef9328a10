import { FortFailError } from '@fortfail/base';
import { beyondOwnRights, toApiToken } from '../../access/api-tokens.ts';
import { may } from '../../access/may.ts';
import { loadPerson } from '../../access/person-changes.ts';
import type { PersonRow } from '../../access/persons.ts';
import type { Grant, Principal } from '../../access/principal.ts';
import type { Change } from '../../changes/changes.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, olderThan, toPage } from '../cursors.ts';

type TokenRoutes = 'listTokens' | 'createToken' | 'deleteToken';

/** Keys of programs: each person's own. Administrators of the site see and end those of others, and make none for them. */
export function tokenHandlers(services: Services): Pick<Handlers, TokenRoutes> {
  return {
    listTokens: (call) => listTokens(services, call),
    createToken: (call) => createToken(services, call),
    deleteToken: (call) => deleteToken(services, call),
  };
}

async function listTokens(services: Services, call: Call<'listTokens'>): ReturnType<Handlers['listTokens']> {
  const { limit, personId } = call.query;
  const isOwn = call.principal.kind === 'person' && (personId ?? call.principal.id) === call.principal.id;
  if (!isOwn && !administers(call.principal)) throw beyondOwnRights(call.principal.name);
  const owner = isOwn ? call.principal.id : personId;
  const position = decodeCursor(call.query.cursor);
  let query = services.database.read
    .selectFrom('api_token')
    .innerJoin('person', 'person.id', 'api_token.person_id')
    .selectAll('api_token')
    .select('person.name as person_name')
    .where('api_token.ended_at', 'is', null)
    .orderBy('api_token.created_at', 'desc')
    .orderBy('api_token.id', 'desc')
    .limit(limit + 1);
  if (owner !== undefined) query = query.where('api_token.person_id', '=', owner);
  if (position !== undefined) query = query.where(olderThan('api_token.created_at', 'api_token.id', position));
  const rows = await query.execute();
  return {
    body: toPage(
      rows,
      limit,
      (row) => ({ at: row.created_at, id: row.id }),
      () => true,
      (row) => toApiToken(row, row.person_name),
    ),
  };
}

async function createToken(services: Services, call: Call<'createToken'>): ReturnType<Handlers['createToken']> {
  const { name, days } = call.body;
  const grants = call.body.grants.map((grant) => ({ role: grant.role, scope: grant.scope as Grant['scope'] }));
  return services.changes.run(call.context, async (change) => {
    const owner = await ownerOf(services, change, call);
    const { row, secret } = await services.tokens.create(change, owner, { name, grants, days });
    return { body: { token: toApiToken(row, owner.name), secret } };
  });
}

/** The local socket is nobody: its tokens belong to the person it names, or to the first administrator. */
async function ownerOf(services: Services, change: Change, { principal, body }: Call<'createToken'>): Promise<PersonRow> {
  const { personId } = body;
  if (principal.kind !== 'local-socket') {
    if (personId !== undefined && personId !== principal.id) throw beyondOwnRights(principal.name);
    return loadPerson(change, principal.id);
  }
  // A site gets its first person by a link, never on the way.
  if (!(await services.persons.hasSome())) throw noPerson();
  const owner = personId === undefined ? await services.persons.firstAdmin(change) : await loadPerson(change, personId);
  if (owner.disabled === 0) return owner;
  throw new FortFailError({
    kind: 'conflict',
    code: 'person-disabled',
    message: `unable to make a token for ${owner.name}, who is disabled`,
  });
}

async function deleteToken(services: Services, call: Call<'deleteToken'>): ReturnType<Handlers['deleteToken']> {
  const id = call.id('tokenId');
  const row = await services.database.read.selectFrom('api_token').select(['id', 'person_id']).where('id', '=', id).executeTakeFirst();
  const isReached = row !== undefined && (row.person_id === call.principal.id || administers(call.principal));
  if (!isReached)
    throw new FortFailError({ kind: 'not-found', code: 'no-such-token', message: `unable to find token '${id.slice(0, 64)}'` });
  await services.changes.run(call.context, async (change) => {
    await services.tokens.end(change, row);
    change.afterCommit(() => services.streams.endOf(row.person_id));
  });
  return { body: {} };
}

function noPerson(): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'no-person',
    message: 'unable to make a token before the first sign-in',
    hint: 'Open the link that `fortfail login-link` prints.',
  });
}

/** Whoever may change persons answers for their tokens, too. */
function administers(principal: Principal): boolean {
  return may(principal, 'edit-person', { kind: 'person' }) === 'yes';
}
