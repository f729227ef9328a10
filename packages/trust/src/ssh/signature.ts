import { isFortFailError } from '@fortfail/base';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesOf, concatBytes, equalBytes, fromBase64, toBase64 } from '../encoding.ts';
import { denied } from '../refusal.ts';
import { readKeyParts, type SshPublicKey, sshFingerprint } from './public-key.ts';
import { WireReader, wireStrings, wireUint32 } from './wire.ts';

/** SSHSIG as in OpenSSH's PROTOCOL.sshsig, version 1. */
const magic = bytesOf('SSHSIG');
const header = '-----BEGIN SSH SIGNATURE-----';
const footer = '-----END SSH SIGNATURE-----';
const longestArmour = 8192;
const hashes = new Map<string, (bytes: Uint8Array) => Uint8Array>([
  ['sha512', sha512],
  ['sha256', sha256],
]);
/** The security key says with this bit that somebody touched it. */
const userPresent = 0x01;

const malformed = (cause?: unknown) =>
  denied('signature-malformed', 'unable to read an SSH signature', 'It must be the whole text that `ssh-keygen -Y sign` writes.', cause);
const wrong = (key: SshPublicKey) =>
  denied('signature-wrong', `unable to verify a signature by '${sshFingerprint(key)}'`, 'The signed bytes or the signature were changed.');

interface Signature {
  readonly keyBlob: Uint8Array;
  readonly namespace: string;
  readonly reserved: Uint8Array;
  readonly hash: string;
  readonly inner: Uint8Array;
}

/** What is really signed: the namespace and the hash, so that no signature can be taken for one of something else. */
export function signedData(bytes: Uint8Array, namespace: string, hash: string, reserved: Uint8Array = new Uint8Array()): Uint8Array {
  const digest = hashes.get(hash);
  if (digest === undefined) throw malformed();
  return concatBytes(magic, wireStrings(namespace, reserved, hash, digest(bytes)));
}

/** The text that `ssh-keygen -Y verify -s` reads. */
export function armourSignature(keyBlob: Uint8Array, namespace: string, hash: string, inner: Uint8Array): string {
  const body = concatBytes(magic, wireUint32(1), wireStrings(keyBlob, namespace, '', hash, inner));
  const lines = toBase64(body).match(/.{1,70}/g) ?? [];
  return [header, ...lines, footer, ''].join('\n');
}

function parseSignature(armoured: string): Signature {
  if (armoured.length > longestArmour) throw malformed();
  const text = armoured.trim();
  if (!text.startsWith(header) || !text.endsWith(footer)) throw malformed();
  const body = fromBase64(text.slice(header.length, -footer.length).replaceAll(/[ \t\r\n]/g, ''));
  if (body === undefined) throw malformed();
  const reader = new WireReader(body, malformed);
  if (!equalBytes(reader.raw(magic.length), magic) || reader.uint32() !== 1) throw malformed();
  const signature = {
    keyBlob: reader.bytes(),
    namespace: reader.text(),
    reserved: reader.bytes(),
    hash: reader.text(),
    inner: reader.bytes(),
  };
  reader.end();
  return signature;
}

/** The bytes a security key signs: which application, that it was touched, its counter, and the message's hash. */
function securityKeyMessage(message: Uint8Array, application: string, flags: number, counter: number): Uint8Array {
  return concatBytes(sha256(bytesOf(application)), Uint8Array.of(flags), wireUint32(counter), sha256(message));
}

function isSignedBy(key: SshPublicKey, inner: Uint8Array, message: Uint8Array): boolean {
  const { type, point, application } = readKeyParts(key.blob);
  const reader = new WireReader(inner, malformed);
  if (reader.text() !== type) throw malformed();
  const value = reader.bytes();
  let signed = message;
  if (application !== undefined) {
    const flags = reader.uint8();
    const counter = reader.uint32();
    if ((flags & userPresent) === 0) return false;
    signed = securityKeyMessage(message, application, flags, counter);
  }
  reader.end();
  if (!type.includes('ecdsa')) return value.length === 64 && holds(() => ed25519.verify(value, signed, point, { zip215: false }));
  const numbers = new WireReader(value, malformed);
  const rs = concatBytes(numbers.positive(32), numbers.positive(32));
  numbers.end();
  return holds(() => p256.verify(rs, signed, point, { lowS: false }));
}

/** The curves' code throws on numbers out of range: such a signature holds for nothing. */
function holds(verify: () => boolean): boolean {
  try {
    return verify();
  } catch {
    return false;
  }
}

/**
 * Verifies an armoured SSHSIG over exactly these bytes and answers which of `keys` signed. Kind `denied`: code
 * `signature-malformed`, `signature-namespace` (made for another purpose), `signature-key` (by none of the keys),
 * `signature-wrong` (bytes or signature changed, or a security key that nobody touched).
 */
export function verifySshSignature(question: {
  readonly bytes: Uint8Array | string;
  readonly signature: string;
  readonly namespace: string;
  readonly keys: readonly SshPublicKey[];
}): SshPublicKey {
  const signature = parseSignature(question.signature);
  if (signature.namespace !== question.namespace) {
    throw denied('signature-namespace', `unable to use a signature made for another purpose than '${question.namespace}'`);
  }
  const key = question.keys.find((known) => equalBytes(known.blob, signature.keyBlob));
  if (key === undefined) {
    throw denied('signature-key', 'unable to accept a signature by an unknown key', 'Only the keys named for this purpose may sign it.');
  }
  const message = signedData(bytesOf(question.bytes), signature.namespace, signature.hash, signature.reserved);
  let isGood: boolean;
  try {
    isGood = isSignedBy(key, signature.inner, message);
  } catch (error) {
    throw isFortFailError(error, 'denied') ? error : malformed(error);
  }
  if (!isGood) throw wrong(key);
  return key;
}
