import { isIPv4 } from 'node:net';
import { addressGroups } from './limits.ts';
import type { Rebind } from './settings.ts';

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  const plain = plainOf(address);
  return plain === '::1' || plain === 'local' || /^127\./.test(plain);
}

/** Whether two callers count as the same place under a rule; on loopback they always do. */
export function isSamePlace(rule: Rebind, known: string | null, address: string): boolean {
  if (known === null) return false;
  if (isLoopback(known) && isLoopback(address)) return true;
  if (rule === 'same-address') return plainOf(known) === plainOf(address);
  return rule === 'same-network' && networkOf(known) === networkOf(address);
}

function plainOf(address: string): string {
  return address.replace(/^::ffff:(?=\d)/, '');
}

/** The /24 of an IPv4 address, the /64 of an IPv6 one. */
function networkOf(address: string): string {
  const plain = plainOf(address);
  return isIPv4(plain) ? plain.split('.').slice(0, 3).join('.') : addressGroups(plain).slice(0, 4).join(':');
}
