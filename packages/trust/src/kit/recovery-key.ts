import { Secret, toHex } from '@fortfail/base';
import { x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bech32 } from '@scure/base';
import { bytesOf } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { SigningKey } from '../ssh/signing-key.ts';

/** Names of what is derived; another name is another key, so they never change. */
const salt = 'fortfail';
const derivations = { owner: 'owner-sign/v1', peer: 'peer-access/v1' } as const;
const secretPrefix = 'AGE-SECRET-KEY-';

const malformed = () =>
  invalid(
    'recovery-key-malformed',
    'unable to read the recovery key',
    'It is AGE-SECRET-KEY-1 and 58 characters. After that 1 there is no 1, B, I or O. Its last six characters find typing errors.',
  );

/** Text as people type it: white space, hyphens and case do not count. */
export function typedText(text: string): string {
  return text.replaceAll(/[\s\u2010-\u2015-]+/g, '').toUpperCase();
}

/** As printed: what it is up to the first 1, then groups of six. */
export function groupsOfSix(text: string): string {
  const start = text.indexOf('1') + 1;
  return [text.slice(0, start), ...(text.slice(start).match(/.{1,6}/g) ?? [])].join(' ').trim();
}

/**
 * The recovery key on paper: an age identity that opens every escrow, and from which the owner's and the peer-access keys
 * derive. It is a secret and is never sent anywhere.
 */
export class RecoveryKey {
  /** `AGE-SECRET-KEY-1...`, 74 characters. */
  readonly secret: Secret;
  /** `age1...` */
  readonly recipient: string;
  /** First 8 hexadecimal digits of the SHA-256 of the recipient. */
  readonly kitId: string;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes);
    this.secret = new Secret(bech32.encodeFromBytes(secretPrefix, this.#bytes).toUpperCase());
    this.recipient = bech32.encodeFromBytes('age', x25519.getPublicKey(this.#bytes));
    this.kitId = kitIdOf(this.recipient);
  }

  static generate(): RecoveryKey {
    return new RecoveryKey(globalThis.crypto.getRandomValues(new Uint8Array(32)));
  }

  /** The key of its printed text in any grouping and case. Kind `invalid-input`; the text is in no message. */
  static parse(text: string): RecoveryKey {
    const typed = text.length > 400 ? '' : typedText(text);
    const bare = typedText(secretPrefix);
    if (!typed.startsWith(`${bare}1`)) throw malformed();
    return RecoveryKey.fromBytes(decode(secretPrefix + typed.slice(bare.length)));
  }

  /** The key of its 32 bytes. Kind `invalid-input`. */
  static fromBytes(bytes: Uint8Array): RecoveryKey {
    if (bytes.length !== 32) throw malformed();
    return new RecoveryKey(bytes);
  }

  /** Signs rosters: who may command. */
  ownerKey(): SigningKey {
    return this.#derive(derivations.owner);
  }

  /** Shows peers that bundles are ours, on a blank machine. */
  peerKey(): SigningKey {
    return this.#derive(derivations.peer);
  }

  /** What is typed to confirm that the page was printed. */
  lastSix(): string {
    return this.secret.reveal().slice(-6);
  }

  /** The 32 secret bytes, for shares. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  toJSON(): string {
    return '[secret]';
  }

  #derive(info: string): SigningKey {
    return SigningKey.fromSeed(hkdf(sha256, this.#bytes, bytesOf(salt), bytesOf(info), 32));
  }
}

function decode(text: string): Uint8Array {
  try {
    return bech32.decodeToBytes(text).bytes;
  } catch {
    // Without the decoder's own error, whose words repeat its input, which is the key.
    throw malformed();
  }
}

/** How a kit is named on paper and in the console: first 8 hexadecimal digits of the SHA-256 of its recipient. */
export function kitIdOf(recipient: string): string {
  return toHex(sha256(bytesOf(recipient))).slice(0, 8);
}

/**
 * What is sent to confirm a kit: hexadecimal SHA-256 of recipient, line feed and the last six characters in upper case. Six
 * characters are no secret worth guessing: they are the key's checksum.
 */
export function kitConfirmationHash(recipient: string, lastSix: string): string {
  return toHex(sha256(bytesOf(`${recipient}\n${typedText(lastSix)}`)));
}
