import { createHash } from 'node:crypto';
import { FortFailError, isFortFailError } from '@fortfail/base';
import type { ObjectClaim } from './object-store.ts';

/**
 * The bytes of `body` as they come, and an error instead of their end when they are not what was claimed. One that grows
 * beyond its claim is ended there. With `holdBack` the last piece is kept until the whole is known to be right, so that
 * whoever counts bytes can never take a wrong object for a whole one.
 */
export async function* checkedBody(body: AsyncIterable<Uint8Array>, claim: ObjectClaim, holdBack = false): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const piece of fromSender(body)) {
    size += piece.length;
    if (size > claim.sizeBytes) throw lie('object-too-long', claim, { sizeBytes: size, sha256: undefined });
    hash.update(piece);
    if (held !== undefined) yield held;
    if (holdBack) held = piece;
    else yield piece;
  }
  const sha256 = hash.digest('hex');
  if (size < claim.sizeBytes) throw lie('object-too-short', claim, { sizeBytes: size, sha256 });
  if (sha256 !== claim.sha256) throw lie('object-sum', claim, { sizeBytes: size, sha256 });
  if (held !== undefined) yield held;
}

/** A sender that goes away is nobody's bug, and no failure of the place that its bytes were meant for. */
async function* fromSender(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) yield piece;
  } catch (cause) {
    if (isFortFailError(cause)) throw cause;
    const message = 'unable to take in an object, its sender went away before the end';
    throw new FortFailError({ kind: 'cancelled', code: 'object-sender-gone', message, cause });
  }
}

function lie(code: string, claim: ObjectClaim, actual: { sizeBytes: number; sha256: string | undefined }): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code,
    message: 'unable to accept an object that is not what was claimed',
    context: {
      expectedSha256: claim.sha256,
      actualSha256: actual.sha256,
      expectedSizeBytes: claim.sizeBytes,
      actualSizeBytes: actual.sizeBytes,
    },
  });
}
