import { formatAllowedSigners, namespaces, parseSshPublicKey, type SigningKey } from '@fortfail/trust';
import type { Change } from '../changes/changes.ts';
import type { Reader } from '../database/database.ts';
import type { SiteKeys } from './site-keys.ts';

const kinds = ['link', 'evidence'] as const;

/** Puts the site's present public keys on the list that is kept for ever, and closes what they replaced. */
export async function recordSigners(change: Change, keys: Pick<SiteKeys, 'link' | 'evidence'>): Promise<void> {
  let isNew = false;
  for (const kind of kinds) isNew = (await recordSigner(change, kind, keys[kind])) || isNew;
  if (!isNew) change.nothing();
}

async function recordSigner(change: Change, kind: (typeof kinds)[number], key: SigningKey): Promise<boolean> {
  const known = await change.tx.selectFrom('signer').select('fingerprint').where('fingerprint', '=', key.fingerprint).executeTakeFirst();
  if (known !== undefined) return false;
  await change.tx.updateTable('signer').set({ until_at: change.now }).where('kind', '=', kind).where('until_at', 'is', null).execute();
  const made = await change.tx
    .insertInto('signer')
    .values({ fingerprint: key.fingerprint, line: key.publicLine, kind, since: change.now, until_at: null })
    // Another process with the same keys may start at this moment.
    .onConflict((conflict) => conflict.column('fingerprint').doNothing())
    .returning('fingerprint')
    .executeTakeFirst();
  if (made === undefined) return false;
  change.audit({ action: 'key.record', object: { kind: 'key', id: key.fingerprint }, detail: { kind } });
  return true;
}

/** Who signed evidence, as `allowed_signers` names it: the site's key, or the agent that restored. */
export const siteSigner = 'evidence';

/** The site's keys as `ssh-keygen -Y verify -f` wants them, each with what it may sign and from when to when. */
export async function siteAllowedSigners(reader: Reader): Promise<string> {
  const rows = await reader.selectFrom('signer').selectAll().where('kind', '=', 'evidence').orderBy('since').execute();
  return formatAllowedSigners(
    rows.map((row) => ({
      principal: siteSigner,
      key: parseSshPublicKey(row.line),
      namespaces: [namespaces.evidence, namespaces.auditHead],
      validAfter: new Date(row.since),
      ...(row.until_at === null ? {} : { validBefore: new Date(row.until_at) }),
    })),
  );
}
