import type { KitState, RouteBody } from '@fortfail/protocol';
import { kitConfirmationHash, namespaces, RecoveryKey, rosterText } from '@fortfail/trust';
import type { AdminKey } from './admin-keys.ts';

const dayMs = 86_400_000;
/** A roster ends: renewed with the paper, at least once a year. */
const rosterDays = 395;
const rights = ['plan', 'approve', 'grant', 'enrol', 'policy'] as const;

/** A new kit: the secret, which only the caller has, and what is published. */
export interface NewKit {
  readonly key: RecoveryKey;
  readonly draft: RouteBody<'createKit'>;
}

/** Makes a recovery key and the next roster, signed by the owner key that derives from it. */
export function makeKit(state: KitState, admins: readonly AdminKey[], now: Date): NewKit {
  const key = RecoveryKey.generate();
  const owner = key.ownerKey();
  const until = new Date(now.getTime() + rosterDays * dayMs).toISOString();
  const text = rosterText({
    v: 1,
    site: state.site.id,
    serial: lastSerial(state) + 1,
    made: now.toISOString(),
    until,
    ca: [...state.ca],
    evidence: [...state.evidence],
    admins: admins.map(({ name, key: line }) => ({ name, key: line, rights: [...rights], until })),
    four_eyes: {},
    revoked: [],
    recovery: key.recipient,
  });
  return {
    key,
    draft: {
      recipient: key.recipient,
      owner: owner.publicLine,
      roster: { text, signature: owner.sign(text, namespaces.roster) },
      confirmation: kitConfirmationHash(key.recipient, key.lastSix()),
    },
  };
}

function lastSerial(state: KitState): number {
  if (state.roster === null) return 0;
  const { serial } = JSON.parse(state.roster.text) as { readonly serial?: unknown };
  return typeof serial === 'number' ? serial : 0;
}
