import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import { isMissing, systemErrorCode } from '../system/system-error.ts';
import { joinPath } from './path.ts';
import { removeTree } from './remove-tree.ts';

/** How the name of an unfinished restore begins; then follow whose it is and a number by chance. */
export const stagingPrefix = '.fortfail-restore-';

const pattern = /^(\.fortfail-restore-([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{16})(?:-\d+)?$/;
/** What this process itself has under way or gave up. */
const ownNames = new Set<string>();

const hostTag = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** A name for what is being written, which says which process of which host writes it. */
export function newStagingName(): string {
  const name = `${stagingPrefix}${hostTag()}-${process.pid}-${randomBytes(8).toString('hex')}`;
  ownNames.add(name);
  return name;
}

/** Process numbers repeat, in containers at each start: one of our own that we know nothing of is from an earlier life. */
function isDead(name: string): boolean {
  const [, base = '', host, pid] = pattern.exec(name) ?? [];
  if (host !== hostTag() || ownNames.has(base)) return false;
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemErrorCode(error) === 'ESRCH';
  }
}

/** Removes what restores of this host left in a folder when their process was killed; what others write stays. */
export function removeLeftOvers(folder: Buffer): void {
  for (const name of namesIn(folder)) {
    if (!isDead(name.toString('latin1'))) continue;
    try {
      removeTree(joinPath(folder, name));
    } catch (error) {
      // It stays for the next restore; this one can do its work beside it.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }
}

function namesIn(folder: Buffer): Buffer[] {
  try {
    return readdirSync(folder, { encoding: 'buffer' });
  } catch (error) {
    // What cannot be listed will be refused, with its reason, when it is written to.
    if (isMissing(error) || systemErrorCode(error) !== undefined) return [];
    throw error;
  }
}
