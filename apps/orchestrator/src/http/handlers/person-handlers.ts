import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Person } from '@fortfail/protocol';
import { addPerson, changePerson, loadPerson } from '../../access/person-changes.ts';
import { grantsOf, type PersonRow } from '../../access/persons.ts';
import type { Reader } from '../../database/database.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, toPage } from '../cursors.ts';
import { newLink } from './sign-in-handlers.ts';

type PersonRoutes = 'listPersons' | 'createPerson' | 'changePerson' | 'createPersonLink';

/** Who may do what: for administrators of the site. */
export function personHandlers(services: Services): Pick<Handlers, PersonRoutes> {
  return {
    listPersons: (call) => listPersons(services, call),
    createPerson: async (call) => ({ body: await invite(services, call) }),
    changePerson: async (call) => {
      const id = call.id('personId');
      const row = await services.changes.run(call.context, async (change) => {
        const changed = await changePerson(change, services, call.principal, id, call.body);
        change.afterCommit(() => services.streams.endOf(id));
        return changed;
      });
      return { body: toPerson(row, await countPasskeys(services.database.read, [id])) };
    },
    createPersonLink: async (call) => ({
      body: await services.changes.run(call.context, async (change) => {
        const row = await loadPerson(change, call.id('personId'));
        if (row.disabled === 1) throw disabled(row);
        return newLink(services, change, { personId: row.id, isInvitation: row.last_seen_at === null });
      }),
    }),
  };
}

async function listPersons(services: Services, call: Call<'listPersons'>): ReturnType<Handlers['listPersons']> {
  const { limit } = call.query;
  const position = decodeCursor(call.query.cursor);
  let query = services.database.read
    .selectFrom('person')
    .selectAll()
    .orderBy('name_key')
    .limit(limit + 1);
  if (position !== undefined) query = query.where('name_key', '>', position.at);
  const rows = await query.execute();
  const passkeys = await countPasskeys(
    services.database.read,
    rows.map(({ id }) => id),
  );
  return {
    body: toPage(
      rows,
      limit,
      (row) => ({ at: row.name_key, id: row.id }),
      () => true,
      (row) => toPerson(row, passkeys),
    ),
  };
}

async function invite(services: Services, call: Call<'createPerson'>): Promise<{ person: Person; url: string; expiresAt: string }> {
  const { name, grants } = call.body;
  try {
    return await services.changes.run(call.context, async (change) => {
      const row = await addPerson(change, call.principal, name, grants);
      const link = await newLink(services, change, { personId: row.id, isInvitation: true });
      return { person: toPerson(row, new Map()), ...link };
    });
  } catch (cause) {
    if (!isFortFailError(cause, 'conflict')) throw cause;
    throw new FortFailError({ kind: 'conflict', code: 'name-taken', message: `unable to take the name '${name}', it is in use`, cause });
  }
}

async function countPasskeys(reader: Reader, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await reader
    .selectFrom('passkey')
    .select(['person_id', (eb) => eb.fn.countAll<number>().as('count')])
    .where('person_id', 'in', ids)
    .groupBy('person_id')
    .execute();
  return new Map(rows.map((row) => [row.person_id, Number(row.count)]));
}

/** The person as the API tells it: of the password only whether there is one. */
function toPerson(row: PersonRow, passkeys: ReadonlyMap<string, number>): Person {
  return {
    id: row.id,
    name: row.name,
    grants: grantsOf(row),
    disabled: row.disabled === 1,
    hasPassword: row.password !== null,
    passkeys: passkeys.get(row.id) ?? 0,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
  };
}

function disabled(row: PersonRow): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'person-disabled',
    message: `unable to make a link for ${row.name}, who is disabled`,
    hint: 'Enable the person first.',
  });
}
