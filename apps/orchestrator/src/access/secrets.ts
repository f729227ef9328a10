import { createHash, randomBytes } from 'node:crypto';

/** A secret of at least 160 bits, URL-safe. Shown once; only its hash is stored. */
export function newSecret(sizeBytes = 32): string {
  return randomBytes(sizeBytes).toString('base64url');
}

/** SHA-256 in hexadecimal: for secrets with full entropy, which need no slow hash. Looking one up by it leaks no timing. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
