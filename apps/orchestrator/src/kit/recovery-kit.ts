import { FortFailError } from '@fortfail/base';
import type { KitState, RouteBody } from '@fortfail/protocol';
import { kitIdOf, parseSshPublicKey, readRoster, sshFingerprint } from '@fortfail/trust';
import type { Change } from '../changes/changes.ts';
import type { Reader } from '../database/database.ts';
import type { KitTable } from '../database/tables.ts';
import type { Services } from '../services.ts';

type Needs = Pick<Services, 'database' | 'site' | 'keys'> & { readonly caFingerprints?: () => readonly string[] };
type KitDraft = RouteBody<'createKit'>;

/** The kit in force; undefined before there is one. */
export async function currentKit(reader: Reader): Promise<KitTable | undefined> {
  return reader.selectFrom('kit').selectAll().where('replaced_at', 'is', null).orderBy('created_at', 'desc').executeTakeFirst();
}

/** The newest roster as agents are sent it; null before there is one. */
export async function currentRoster(reader: Reader): Promise<{ text: string; signature: string } | null> {
  const row = await reader.selectFrom('roster').select(['text', 'signature']).orderBy('serial', 'desc').executeTakeFirst();
  return row ?? null;
}

/**
 * Publishes the public halves of a new kit, with a roster that its owner key signed for this site. A kit that nobody
 * confirmed yet is replaced; a confirmed one is not: agents believe its owner, and only the paper itself could say otherwise.
 * Throws `conflict` for that, `denied` for a roster that does not hold, `invalid-input` for malformed keys.
 */
export async function publishKit(services: Needs, change: Change, draft: KitDraft): Promise<void> {
  const known = await currentKit(change.tx);
  if (known !== undefined && known.confirmed_at !== null) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'kit-exists',
      message: `unable to make a second recovery kit, kit ${known.kit_id} is in force`,
      hint: 'Every host obeys the owner key of that kit. Test it with `fortfail kit test`.',
    });
  }
  const owner = parseSshPublicKey(draft.owner);
  const last = await change.tx.selectFrom('roster').select('serial').orderBy('serial', 'desc').executeTakeFirst();
  const roster = readRoster({
    ...draft.roster,
    owner,
    now: new Date(change.now),
    site: services.site.id,
    lowestSerial: (last?.serial ?? 0) + 1,
  });
  if (!/^age1[0-9a-z]{50,100}$/.test(draft.recipient) || (roster.recovery !== undefined && roster.recovery !== draft.recipient)) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'kit-recipient',
      message: 'unable to take a kit whose recipient is not an age recipient, or another than its roster names',
    });
  }
  await change.tx.updateTable('kit').set({ replaced_at: change.now }).where('replaced_at', 'is', null).execute();
  await change.tx
    .insertInto('kit')
    .values({
      recipient: draft.recipient,
      kit_id: kitIdOf(draft.recipient),
      owner: draft.owner,
      confirmation: draft.confirmation,
      created_at: change.now,
      confirmed_at: null,
      tested_at: null,
      replaced_at: null,
    })
    .execute();
  await change.tx
    .insertInto('roster')
    .values({ serial: roster.serial, ...draft.roster, created_at: change.now })
    .execute();
  const detail = { owner: sshFingerprint(owner), recipient: draft.recipient, serial: roster.serial, admins: roster.admins.length };
  change.audit({ action: 'kit.create', object: { kind: 'kit', id: kitIdOf(draft.recipient) }, detail });
  change.event('kit', kitIdOf(draft.recipient));
}

/** Takes note that the printed page was read back. Throws `denied` for other characters, `not-found` without such a kit. */
export async function confirmKit(change: Change, confirmation: RouteBody<'confirmKit'>): Promise<void> {
  const kit = await requireKit(change, confirmation.recipient);
  if (kit.confirmation !== confirmation.lastSix) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'kit-characters',
      message: 'unable to confirm the recovery kit, these are not the last six characters of its key',
      hint: 'Type the last six characters of the recovery key as they stand on the printed page.',
    });
  }
  await change.tx
    .updateTable('kit')
    .set({ confirmed_at: kit.confirmed_at ?? change.now })
    .where('recipient', '=', kit.recipient)
    .execute();
  change.audit({ action: 'kit.confirm', object: { kind: 'kit', id: kit.kit_id } });
  change.event('kit', kit.kit_id);
}

/** Takes note that an escrow was opened from the paper. */
export async function recordKitTest(change: Change, test: RouteBody<'reportKitTest'>): Promise<void> {
  const kit = await requireKit(change, test.recipient);
  await change.tx.updateTable('kit').set({ tested_at: change.now }).where('recipient', '=', kit.recipient).execute();
  change.audit({ action: 'kit.test', object: { kind: 'kit', id: kit.kit_id }, detail: { repository: test.repositoryId } });
  change.event('kit', kit.kit_id);
}

async function requireKit(change: Change, recipient: string): Promise<KitTable> {
  const kit = await currentKit(change.tx);
  if (kit?.recipient === recipient) return kit;
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-kit',
    message: 'unable to find a recovery kit with this recipient in force',
    hint: 'Make one with `fortfail kit create`.',
  });
}

/** All the site knows of its kit. */
export async function kitState(services: Needs): Promise<KitState> {
  const { read } = services.database;
  const kit = await currentKit(read);
  const repositories = await read
    .selectFrom('repository')
    .select(['id', 'name', 'agent_id'])
    .where('status', '=', 'ready')
    .orderBy('name')
    .execute();
  const escrows =
    kit === undefined
      ? []
      : await read
          .selectFrom('escrow')
          .select(['repository_id', 'places', 'created_at'])
          .where('recipient', '=', kit.recipient)
          .orderBy('n')
          .execute();
  const agents = await read
    .selectFrom('agent')
    .select(['id', 'hostname', 'has_owner'])
    .where('kind', '!=', 'legacy')
    .where('status', '!=', 'revoked')
    .orderBy('hostname')
    .execute();
  const escrowOf = new Map(escrows.map((row) => [row.repository_id, row]));
  return {
    site: { id: services.site.id, name: services.site.name },
    ca: [...(services.caFingerprints?.() ?? [])],
    evidence: [services.keys.evidence.publicLine],
    state: kit === undefined ? 'none' : kit.confirmed_at === null ? 'unconfirmed' : 'confirmed',
    kitId: kit?.kit_id ?? null,
    recipient: kit?.recipient ?? null,
    owner: kit?.owner ?? null,
    ownerFingerprint: kit === undefined ? null : sshFingerprint(parseSshPublicKey(kit.owner)),
    createdAt: kit?.created_at ?? null,
    confirmedAt: kit?.confirmed_at ?? null,
    testedAt: kit?.tested_at ?? null,
    roster: await currentRoster(read),
    repositories: repositories.map(({ id, name, agent_id }) => {
      const escrow = escrowOf.get(id);
      const places = escrow === undefined ? [] : (JSON.parse(escrow.places) as string[]);
      return { id, name, agentId: agent_id, escrowed: escrow !== undefined, places, at: escrow?.created_at ?? null };
    }),
    agents: agents.map(({ id, hostname, has_owner }) => ({ id, hostname, hasOwner: has_owner === 1 })),
  };
}
