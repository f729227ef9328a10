import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, fromBase64, toBase64, toBase64NoPad } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { WireReader } from './wire.ts';

export const sshKeyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;
export type SshKeyType = (typeof sshKeyTypes)[number];

/** An SSH public key; `blob` is the exact encoding that signatures and fingerprints speak of. */
export interface SshPublicKey {
  readonly type: SshKeyType;
  readonly blob: Uint8Array;
}

/** The parts of a key's blob: the curve point, and for a security key the application it is bound to. */
export interface KeyParts {
  readonly type: SshKeyType;
  readonly point: Uint8Array;
  readonly application: string | undefined;
}

const malformed = () =>
  invalid(
    'ssh-key-malformed',
    'unable to read an SSH public key',
    'It is one line such as "ssh-ed25519 AAAA... name": ed25519, ecdsa on nistp256, or one of these on a security key.',
  );

function isKeyType(type: string): type is SshKeyType {
  return (sshKeyTypes as readonly string[]).includes(type);
}

/** Takes a key's blob apart, and refuses curves other than ours and points that are on none: kind `invalid-input`. */
export function readKeyParts(blob: Uint8Array): KeyParts {
  const reader = new WireReader(blob, malformed);
  const type = reader.text();
  if (!isKeyType(type)) throw malformed();
  const isEcdsa = type.includes('ecdsa');
  if (isEcdsa && reader.text() !== 'nistp256') throw malformed();
  const point = reader.bytes();
  const application = type.startsWith('sk-') ? reader.text() : undefined;
  reader.end();
  const isPoint = isEcdsa ? point.length === 65 && isOnP256(point) : point.length === 32 && isEd25519(point);
  if (!isPoint) throw malformed();
  return { type, point, application };
}

function isOnP256(point: Uint8Array): boolean {
  return p256.utils.isValidPublicKey(point, false);
}

/** Small-order points are refused too: under such a key one signature fits many texts. */
function isEd25519(point: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(point, false).isSmallOrder();
  } catch {
    return false;
  }
}

/** A key from its binary form. Kind `invalid-input` for anything else. */
export function sshPublicKeyOf(blob: Uint8Array): SshPublicKey {
  return { type: readKeyParts(blob).type, blob };
}

/** Reads one line as in `id_ed25519.pub`; a comment is ignored. Kind `invalid-input` for anything else. */
export function parseSshPublicKey(line: string): SshPublicKey {
  if (line.length > 4096) throw malformed();
  const [type, encoded] = line.trim().split(/[ \t]+/);
  const blob = encoded === undefined ? undefined : fromBase64(encoded);
  if (type === undefined || blob === undefined) throw malformed();
  const key = sshPublicKeyOf(blob);
  if (key.type !== type) throw malformed();
  return key;
}

/** One line as in `id_ed25519.pub`, without a line feed. */
export function formatSshPublicKey(key: SshPublicKey, comment?: string): string {
  const words = comment?.replaceAll(/\p{Cc}+/gu, ' ').trim();
  return `${key.type} ${toBase64(key.blob)}${words ? ` ${words}` : ''}`;
}

/** `SHA256:...`, as `ssh-keygen -l` prints it. */
export function sshFingerprint(key: SshPublicKey): string {
  return `SHA256:${toBase64NoPad(sha256(key.blob))}`;
}

export function isSameSshKey(a: SshPublicKey, b: SshPublicKey): boolean {
  return equalBytes(a.blob, b.blob);
}
