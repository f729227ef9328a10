import type { KitState, RouteBody } from '@fortfail/protocol';
import {
  formatSshPublicKey,
  type KitFacts,
  kitConfirmationHash,
  kitSections,
  kitText,
  namespaces,
  parseSshPublicKey,
  RecoveryKey,
  splitShares,
} from '@fortfail/trust';
import { encode } from 'uqr';
import { qrPath } from '../../view/kit-views.ts';
import { type AdminKey, pastedKeys, rosterDocument } from '../../view/roster-document.ts';

/** Loaded only once somebody makes or confirms a kit. Whatever is secret here is in memory and on the paper, and nowhere else. */

/** One sheet: the whole key, or one holder's share. */
export interface Paper {
  readonly title: string;
  /** Of the file it is saved as. */
  readonly fileName: string;
  readonly text: string;
  readonly sections: readonly { readonly title: string; readonly lines: readonly string[] }[];
  /** The code of the secret: one path, and how many squares it is wide. */
  readonly qr: { readonly path: string; readonly size: number };
  /** What is typed to show that the sheet is in hand. */
  readonly lastSix: string;
}

export interface NewKit {
  readonly kitId: string;
  readonly papers: readonly Paper[];
  /** Public halves: all that is ever sent. */
  readonly draft: RouteBody<'createKit'>;
  readonly confirmation: RouteBody<'confirmKit'>;
}

/** The keys that were pasted, and which lines are none. */
export interface AdminKeys {
  readonly admins: readonly AdminKey[];
  readonly faults: readonly string[];
}

/** Reads pasted public keys. A private one is refused like anything else that is no public key line. */
export const readAdminKeys = (text: string): AdminKeys => {
  const admins: AdminKey[] = [];
  const faults: string[] = [];
  for (const [index, { line, name }] of pastedKeys(text).entries()) {
    try {
      const key = formatSshPublicKey(parseSshPublicKey(line));
      if (admins.some((admin) => admin.key === key)) faults.push(`Line ${index + 1} is there twice.`);
      else admins.push({ key, name: name === '' ? `admin-${index + 1}` : name });
    } catch {
      faults.push(`Line ${index + 1} is no public key that can be used: ed25519 or ecdsa on nistp256, also on a security key.`);
    }
  }
  return { admins, faults };
};

const qrOf = (text: string): Paper['qr'] => {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  return { path: qrPath(data), size };
};

const paperOf = (facts: KitFacts): Paper => {
  const { secret, kitId } = facts;
  const isShare = secret.kind === 'share';
  const text = secret.kind === 'share' ? secret.text : secret.key.secret.reveal();
  return {
    title: `FortFail recovery kit ${kitId}${isShare ? `, share ${secret.position} of ${secret.n}` : ''}`,
    fileName: `fortfail-recovery-kit-${kitId}${isShare ? `-share-${secret.position}` : ''}.txt`,
    text: kitText(facts),
    sections: kitSections(facts),
    qr: qrOf(text),
    lastSix: text.slice(-6).toUpperCase(),
  };
};

interface KitWish {
  readonly state: KitState;
  readonly admins: readonly AdminKey[];
  readonly version: string;
  readonly stores: KitFacts['stores'];
  readonly now: Date;
  /** 2 of 3 shares in place of the whole key. */
  readonly isShared: boolean;
}

/** Makes a recovery key in this tab, the next roster signed by the owner key that derives from it, and its sheets. */
export const makeKit = async ({ state, admins, version, stores, now, isShared }: KitWish): Promise<NewKit> => {
  const key = RecoveryKey.generate();
  const owner = key.ownerKey();
  const text = rosterDocument(state, key.recipient, admins, now);
  const facts: Omit<KitFacts, 'secret'> = {
    version,
    site: state.site,
    made: now,
    kitId: key.kitId,
    recipient: key.recipient,
    ownerFingerprint: owner.fingerprint,
    peers: [],
    stores,
  };
  const shares = isShared ? await splitShares(key, 2, 3) : [];
  const secrets: KitFacts['secret'][] = isShared
    ? shares.map((share, index) => ({ kind: 'share', text: share, k: 2, n: 3, position: index + 1 }))
    : [{ kind: 'key', key }];
  const confirmation = kitConfirmationHash(key.recipient, key.lastSix());
  return {
    kitId: key.kitId,
    papers: secrets.map((secret) => paperOf({ ...facts, secret })),
    draft: {
      recipient: key.recipient,
      owner: owner.publicLine,
      roster: { text, signature: owner.sign(text, namespaces.roster) },
      confirmation,
    },
    confirmation: { recipient: key.recipient, lastSix: confirmation },
  };
};

/** What is sent to confirm a kit from an earlier day: a digest of what was typed. */
export const confirmationOf = (recipient: string, typed: string): RouteBody<'confirmKit'> => ({
  recipient,
  lastSix: kitConfirmationHash(recipient, typed),
});
