import { FortFailError } from '@fortfail/base';
import { parseSshPublicKey, type SshPublicKey } from '@fortfail/trust';

/**
 * The public key that an armoured SSH signature carries, not verified: for a key that is held against a fingerprint, or
 * pinned at first sight. Throws `denied`, code `signature-malformed`.
 */
export function signerOf(armoured: string): SshPublicKey {
  const body = /^-----BEGIN SSH SIGNATURE-----\s([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*$/.exec(armoured.trim())?.[1];
  const bytes = Buffer.from(body ?? '', 'base64');
  if (bytes.length < 14 || bytes.subarray(0, 6).toString('latin1') !== 'SSHSIG') throw malformed();
  const length = bytes.readUInt32BE(10);
  const blob = bytes.subarray(14, 14 + length);
  if (length < 4 || blob.length !== length) throw malformed();
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
  try {
    return parseSshPublicKey(`${type} ${blob.toString('base64')}`);
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'denied', code: 'signature-malformed', message: 'unable to read an SSH signature', cause });
}
