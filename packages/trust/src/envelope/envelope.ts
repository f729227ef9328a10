import { FortFailError, type Secret } from '@fortfail/base';
import { armor, Decrypter, Encrypter, generateX25519Identity, type Identity, identityToRecipient } from 'age-encryption';
import { denied, invalid } from '../refusal.ts';

const x25519Recipient = /^age1[02-9ac-hj-np-z]{58}$/;
const x25519Identity = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/** Thrown to the caller as it is: neither form nor key is at fault, the bytes are. */
const damaged = (cause?: unknown) =>
  new FortFailError({
    kind: 'damaged',
    code: 'envelope-damaged',
    message: 'unable to open a sealed text that was cut or changed',
    hint: 'Take another copy of it.',
    cause,
  });

/** A key pair to be sealed to: an age X25519 identity, which is the secret, and its recipient. */
export async function generateSealingKey(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** The public half of an age X25519 identity. Kind `invalid-input`. */
export async function sealingRecipient(identity: string | Secret): Promise<string> {
  return await identityToRecipient(identityText(identity)).catch(() => {
    throw badIdentity();
  });
}

/**
 * Seals bytes to recipients (`age1...`): the text of an armoured age file, which stock `age -d` opens. Kind `invalid-input`
 * without recipients or for other kinds of recipients, which stock programs of today could not all open.
 */
export async function sealTo(recipients: readonly string[], plain: Uint8Array): Promise<string> {
  if (recipients.length === 0) throw invalid('recipients-none', 'unable to seal to nobody');
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    if (!x25519Recipient.test(recipient)) throw badRecipient(recipient);
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw badRecipient(recipient, error);
    }
  }
  return armor.encode(await encrypter.encrypt(plain));
}

function badRecipient(recipient: string, cause?: unknown): FortFailError {
  return invalid(
    'recipient-malformed',
    `unable to seal to the recipient '${recipient.slice(0, 80)}'`,
    'It must be age1 and 58 characters.',
    cause,
  );
}

/** Without the decoder's own error, whose words repeat the identity. */
function badIdentity(): FortFailError {
  return invalid('identity-malformed', 'unable to read an age identity', 'It is AGE-SECRET-KEY-1 and 58 characters; one or more is wrong.');
}

function identityText(identity: string | Secret): string {
  const text = (typeof identity === 'string' ? identity : identity.reveal()).trim();
  if (!x25519Identity.test(text)) throw badIdentity();
  return text;
}

/** Asked only after the real identity found nothing for itself: tells a wrong key from damage without reading error text. */
class LastIdentity implements Identity {
  wasAsked = false;

  unwrapFileKey(): null {
    this.wasAsked = true;
    return null;
  }
}

/**
 * Opens what was sealed to this identity, armoured. Kind `denied`, code `envelope-key`: sealed to others. Kind `damaged`, code
 * `envelope-damaged`: cut or changed. Kind `invalid-input`: the identity is malformed.
 */
export async function openWith(identity: string | Secret, armored: string): Promise<Uint8Array> {
  const text = identityText(identity);
  const last = new LastIdentity();
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(text);
  } catch {
    throw badIdentity();
  }
  decrypter.addIdentity(last);
  try {
    return await decrypter.decrypt(armor.decode(armored));
  } catch (error) {
    if (last.wasAsked) {
      throw denied('envelope-key', 'unable to open a text that is sealed to another key', 'Use the key it was sealed to.', error);
    }
    throw damaged(error);
  }
}
