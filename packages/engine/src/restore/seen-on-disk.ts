import { type BigIntStats, lstatSync } from 'node:fs';

/**
 * What lies at a path, as far as that can be seen: nothing where it is missing, or where the path is too long or not
 * allowed. Whoever writes there looks again, and names what stands in the way of that one entry.
 */
export function seenOnDisk(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
