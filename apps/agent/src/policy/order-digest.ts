import { createHash } from 'node:crypto';
import type { JobPayload } from '@fortfail/protocol';

/**
 * What a person says yes to, as 64 hexadecimal digits: of a restore its proposal's digest, which was shown; of other orders
 * a digest over all that they ask.
 */
export function orderDigest(payload: JobPayload): string {
  if (payload.kind === 'apply-restore' && /^[0-9a-f]{64}$/.test(payload.digest)) return payload.digest;
  return createHash('sha256')
    .update(`fortfail-order-consent/v1\n${JSON.stringify(ordered(payload))}`)
    .digest('hex');
}

/** The same document gives the same text, in whatever order its keys came. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]));
}
