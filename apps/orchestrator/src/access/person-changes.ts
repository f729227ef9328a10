import { FortFailError } from '@fortfail/base';
import type { PersonGrant } from '@fortfail/protocol';
import type { Change } from '../changes/changes.ts';
import { InvalidFields } from '../http/problems.ts';
import { newId } from '../ids.ts';
import { type ApiTokens, beyondOwnRights } from './api-tokens.ts';
import { endLoginLinks } from './login-links.ts';
import { grantsOf, nameKey, type PersonRow } from './persons.ts';
import type { Grant, Principal } from './principal.ts';
import { isSiteAdmin, isWithin } from './rights.ts';
import type { Sessions } from './sessions.ts';

/** What ends when a person is disabled. */
export interface PersonParts {
  readonly sessions: Sessions;
  readonly tokens: ApiTokens;
}

/** What a person is to be. */
export interface PersonWish {
  readonly grants: readonly PersonGrant[];
  readonly disabled: boolean;
}

/** Makes a person without a password. `conflict` for a name that is in use; `denied` for rights that `by` lacks. */
export async function addPerson(change: Change, by: Principal, name: string, wanted: readonly PersonGrant[]): Promise<PersonRow> {
  const grants = await checkGrants(change, by, wanted);
  const row: PersonRow = {
    id: newId('per'),
    name,
    name_key: nameKey(name),
    grants: JSON.stringify(grants),
    password: null,
    disabled: 0,
    created_at: change.now,
    last_seen_at: null,
  };
  await change.tx.insertInto('person').values(row).execute();
  change.audit({
    action: 'person.create',
    object: { kind: 'person', id: row.id },
    detail: { grants: inWords(grants) },
    personal: { name },
  });
  return row;
}

/**
 * Gives a person these rights instead of the former, and disables or enables them. Sessions, tokens and links of somebody
 * who is disabled end for good. `conflict` when no administrator would be left; `denied` for rights that `by` lacks.
 */
export async function changePerson(
  change: Change,
  parts: PersonParts,
  by: Principal,
  personId: string,
  wish: PersonWish,
): Promise<PersonRow> {
  await onePersonChangeAtATime(change);
  const row = await loadPerson(change, personId);
  const grants = await checkGrants(change, by, wish.grants);
  if (isActiveAdmin(row) && (wish.disabled || !isSiteAdmin(grants))) await refuseLastAdmin(change, row);
  const changed = await change.tx
    .updateTable('person')
    .set({ grants: JSON.stringify(grants), disabled: wish.disabled ? 1 : 0 })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  change.audit({
    action: 'person.change',
    object: { kind: 'person', id: row.id },
    detail: { grants: inWords(grants), disabled: wish.disabled },
  });
  if (wish.disabled && row.disabled === 0) {
    await parts.sessions.endAll(change, row.id);
    await parts.tokens.endAll(change, row.id);
    await endLoginLinks(change, row.id);
  }
  return changed;
}

/** Throws `not-found`. */
export async function loadPerson(change: Pick<Change, 'tx'>, id: string): Promise<PersonRow> {
  const row = await change.tx.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return row;
  throw new FortFailError({ kind: 'not-found', code: 'no-such-person', message: `unable to find person '${id.slice(0, 64)}'` });
}

/** Two changes at once must not each take away what the other left as the last administrator: the row of the site is the lock. */
async function onePersonChangeAtATime({ tx }: Change): Promise<void> {
  await tx
    .updateTable('site')
    .set((eb) => ({ name: eb.ref('site.name') }))
    .execute();
}

function isActiveAdmin(row: PersonRow): boolean {
  return row.disabled === 0 && isSiteAdmin(grantsOf(row));
}

async function refuseLastAdmin({ tx }: Change, row: PersonRow): Promise<void> {
  const others = await tx.selectFrom('person').selectAll().where('id', '!=', row.id).where('disabled', '=', 0).execute();
  if (others.some(isActiveAdmin)) return;
  throw new FortFailError({
    kind: 'conflict',
    code: 'last-admin',
    message: `unable to take the rights of ${row.name}, nobody else is administrator of the site`,
    hint: 'Make somebody else administrator first.',
  });
}

/** Nobody gives what they do not have, and a scope names something that exists. */
async function checkGrants(change: Change, by: Principal, wanted: readonly PersonGrant[]): Promise<Grant[]> {
  const grants = wanted.map((grant) => ({ role: grant.role, scope: grant.scope as Grant['scope'] }));
  if (!grants.every((grant) => isWithin(by.grants, grant))) throw beyondOwnRights(by.name);
  const faults = [];
  for (const [index, { scope }] of grants.entries()) {
    if (!(await isThere(change, scope))) faults.push({ field: `grants.${index}.scope`, message: `names nothing that exists: ${scope}` });
  }
  if (faults.length > 0) throw new InvalidFields('body', faults);
  return grants;
}

async function isThere({ tx }: Change, scope: Grant['scope']): Promise<boolean> {
  if (scope === 'site') return true;
  const id = scope.slice(scope.indexOf(':') + 1);
  const row = scope.startsWith('plan:')
    ? await tx.selectFrom('plan').select('id').where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()
    : await tx.selectFrom('agent').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}

function inWords(grants: readonly Grant[]): string[] {
  return grants.map(({ role, scope }) => `${role}@${scope}`);
}
