import { FortFailError } from '@fortfail/base';
import type { Change } from '../changes/changes.ts';
import { newSecret, secretHash } from './secrets.ts';

const lifeMs = 30 * 60_000;
/** An invitation has to reach somebody first. */
const invitationLifeMs = 24 * 3_600_000;
const secretBytes = 20;

/** Whom a link lets in: null for the first administrator, who is made when there is nobody yet. */
export interface LinkHolder {
  readonly personId: string;
  /** Never signed in so far. */
  readonly isInvitation: boolean;
}

/**
 * Makes a one-time link's secret: 160 bits, one use, stored as its hash; 30 minutes, for an invitation 24 hours. A person's
 * earlier links end with it.
 */
export async function createLoginLink(change: Change, holder: LinkHolder | null = null): Promise<{ secret: string; expiresAt: string }> {
  const secret = newSecret(secretBytes);
  const life = holder?.isInvitation === true ? invitationLifeMs : lifeMs;
  const expiresAt = new Date(Date.parse(change.now) + life).toISOString();
  if (holder !== null) await endLoginLinks(change, holder.personId);
  await change.tx
    .insertInto('login_link')
    .values({
      hash: secretHash(secret),
      person_id: holder?.personId ?? null,
      created_at: change.now,
      expires_at: expiresAt,
      used_at: null,
    })
    .execute();
  await change.tx.deleteFrom('login_link').where('expires_at', '<', change.now).execute();
  change.audit({
    action: 'login-link.create',
    object: holder === null ? { kind: 'site', id: 'site' } : { kind: 'person', id: holder.personId },
  });
  return { secret, expiresAt };
}

/** Ends the links of a person that were not used yet. */
export async function endLoginLinks(change: Change, personId: string): Promise<void> {
  await change.tx.deleteFrom('login_link').where('person_id', '=', personId).execute();
}

/** Uses a link up; of two at once one wins. Answers whose it is. Unknown, used and expired links are refused alike. */
export async function redeemLoginLink(change: Change, secret: string): Promise<{ personId: string | null }> {
  const used = await change.tx
    .updateTable('login_link')
    .set({ used_at: change.now })
    .where('hash', '=', secretHash(secret))
    .where('used_at', 'is', null)
    .where('expires_at', '>', change.now)
    .returning('person_id')
    .executeTakeFirst();
  if (used === undefined) throw badLink();
  return { personId: used.person_id };
}

export function badLink(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'bad-link',
    message: 'unable to sign in, the link is unknown, used or expired',
    hint: 'Print a new one with `fortfail login-link` on the machine itself, or ask an administrator for one.',
  });
}
