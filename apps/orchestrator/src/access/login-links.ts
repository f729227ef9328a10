import { FortFailError } from '@fortfail/base';
import type { Change } from '../changes/changes.ts';
import { newSecret, secretHash } from './secrets.ts';

const lifeMs = 30 * 60_000;
const secretBytes = 20;

/** Makes a one-time link's secret: 160 bits, 30 minutes, one use, stored as its hash. */
export async function createLoginLink(change: Change): Promise<{ secret: string; expiresAt: string }> {
  const secret = newSecret(secretBytes);
  const expiresAt = new Date(Date.parse(change.now) + lifeMs).toISOString();
  await change.tx
    .insertInto('login_link')
    .values({ hash: secretHash(secret), person_id: null, created_at: change.now, expires_at: expiresAt, used_at: null })
    .execute();
  await change.tx.deleteFrom('login_link').where('expires_at', '<', change.now).execute();
  change.audit({ action: 'login-link.create', object: { kind: 'site', id: 'site' } });
  return { secret, expiresAt };
}

/** Uses a link up; of two at once one wins. Unknown, used and expired links are refused alike. */
export async function redeemLoginLink(change: Change, secret: string): Promise<void> {
  const used = await change.tx
    .updateTable('login_link')
    .set({ used_at: change.now })
    .where('hash', '=', secretHash(secret))
    .where('used_at', 'is', null)
    .where('expires_at', '>', change.now)
    .returning('hash')
    .executeTakeFirst();
  if (used === undefined) throw badLink();
}

export function badLink(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'bad-link',
    message: 'unable to sign in, the link is unknown, used or expired',
    hint: 'Print a new one with `fortfail login-link` on the machine itself.',
  });
}
