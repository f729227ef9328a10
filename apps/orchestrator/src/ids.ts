import { randomBytes } from 'node:crypto';

/** Prefixes of the ids this process draws; the protocol's patterns are the same. */
export type IdPrefix = 'pln' | 'job' | 'rpt' | 'drl' | 'rst' | 'rep' | 'agt' | 'per' | 'ste' | 'req' | 'jtk' | 'tok' | 'alr' | 'grt';

/** A new id: prefix, underscore, 64 random bits in hexadecimal. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}

/** Random bytes in hexadecimal, for names that must not clash. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
