import { createHash } from 'node:crypto';
import type { JobPayload } from '@fortfail/protocol';

/**
 * What a person on this host says yes to, as 64 hexadecimal digits over all that the order asks: of a restore also where it
 * goes, since that stands in the sentence that was read, and an order may claim any digest. Approvals are no part of it.
 */
export function orderDigest(payload: JobPayload): string {
  const asked = payload.kind === 'apply-restore' ? { ...payload, approvals: undefined } : payload;
  return createHash('sha256')
    .update(`fortfail-order-consent/v1\n${JSON.stringify(ordered(asked))}`)
    .digest('hex');
}

/** The same document gives the same text, in whatever order its keys came. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]));
}
