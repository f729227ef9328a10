import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesOf, concatBytes, equalBytes, fromBase64, toBase64 } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { WireReader, wireStrings, wireUint32 } from './wire.ts';

/** OpenSSH's private key file as in its PROTOCOL.key: Ed25519 and not encrypted, which is all that we write. */
const magic = bytesOf('openssh-key-v1\0');
const header = '-----BEGIN OPENSSH PRIVATE KEY-----';
const footer = '-----END OPENSSH PRIVATE KEY-----';
const blockLength = 8;

const malformed = () =>
  invalid(
    'ssh-private-key-malformed',
    'unable to read an OpenSSH private key',
    'It must be an ed25519 key as `ssh-keygen -t ed25519` writes.',
  );
const encrypted = () =>
  invalid(
    'ssh-private-key-encrypted',
    'unable to read an OpenSSH private key that has a passphrase',
    'Sign with `ssh-keygen -Y sign` instead.',
  );

export function ed25519Blob(publicKey: Uint8Array): Uint8Array {
  return wireStrings('ssh-ed25519', publicKey);
}

/** The file's text, as `ssh-keygen` reads it. `check` are four random bytes. */
export function formatPrivateKey(seed: Uint8Array, check: Uint8Array, comment: string): string {
  const publicKey = ed25519.getPublicKey(seed);
  const body = concatBytes(check, check, wireStrings('ssh-ed25519', publicKey, concatBytes(seed, publicKey), comment));
  const padding = Uint8Array.from({ length: (blockLength - (body.length % blockLength)) % blockLength }, (_, i) => i + 1);
  const file = concatBytes(
    magic,
    wireStrings('none', 'none', ''),
    wireUint32(1),
    wireStrings(ed25519Blob(publicKey), concatBytes(body, padding)),
  );
  return [header, ...(toBase64(file).match(/.{1,70}/g) ?? []), footer, ''].join('\n');
}

/** The 32 byte seed in such a file. Kind `invalid-input`. */
export function parsePrivateKey(pem: string): Uint8Array {
  const text = pem.trim();
  if (pem.length > 16_384 || !text.startsWith(header) || !text.endsWith(footer)) throw malformed();
  const file = fromBase64(text.slice(header.length, -footer.length).replaceAll(/[ \t\r\n]/g, ''));
  if (file === undefined) throw malformed();
  const reader = new WireReader(file, malformed);
  if (!equalBytes(reader.raw(magic.length), magic)) throw malformed();
  if (reader.text() !== 'none') throw encrypted();
  if (reader.text() !== 'none' || reader.bytes().length > 0 || reader.uint32() !== 1) throw malformed();
  const blob = reader.bytes();
  const secret = new WireReader(reader.bytes(), malformed);
  reader.end();
  const check = secret.uint32();
  if (secret.uint32() !== check || secret.text() !== 'ssh-ed25519') throw malformed();
  const publicKey = secret.bytes();
  const pair = secret.bytes();
  secret.text();
  if (secret.rest().some((byte, i) => byte !== i + 1)) throw malformed();
  if (pair.length !== 64 || !equalBytes(pair.subarray(32), publicKey)) throw malformed();
  const seed = pair.slice(0, 32);
  if (!equalBytes(ed25519.getPublicKey(seed), publicKey) || !equalBytes(ed25519Blob(publicKey), blob)) throw malformed();
  return seed;
}
