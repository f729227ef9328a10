import type { RecordedMetadata } from './metadata.ts';
import { unixPermissions } from './mode.ts';
import { pathText } from './path.ts';

export interface CompareOptions {
  /** Compare owner numbers; off where they cannot be set. */
  readonly owner?: boolean;
  readonly xattrs?: boolean;
  readonly selectsXattr?: (name: string) => boolean;
}

/** What of a recorded entry can be found again after a restore (so neither inode nor change time). */
export type ComparableMetadata = Pick<
  RecordedMetadata,
  'type' | 'mode' | 'uid' | 'gid' | 'mtimeNs' | 'size' | 'linkTarget' | 'device' | 'xattrs'
>;

function octal(mode: number): string {
  return unixPermissions(mode).toString(8).padStart(4, '0');
}

function timeText(timeNs: bigint): string {
  const isBefore = timeNs < 0n ? '-' : '';
  const digits = (timeNs < 0n ? -timeNs : timeNs).toString().padStart(10, '0');
  return `${isBefore}${digits.slice(0, -9)}.${digits.slice(-9)} s`;
}

function compareXattrs(recorded: ComparableMetadata, found: ComparableMetadata, selects: (name: string) => boolean): string[] {
  const differences: string[] = [];
  const values = new Map(found.xattrs.map(({ name, value }) => [name, value]));
  for (const { name, value } of recorded.xattrs) {
    if (!selects(name)) continue;
    const other = values.get(name);
    if (other === undefined) differences.push(`extended attribute ${name} is missing`);
    else if (!other.equals(value)) differences.push(`extended attribute ${name} has another value`);
    values.delete(name);
  }
  // The security label of SELinux belongs to the machine, not to the file.
  for (const name of values.keys()) {
    if (selects(name) && name !== 'security.selinux') differences.push(`extended attribute ${name} is too much`);
  }
  return differences;
}

/** Says in words how an entry differs from its record; nothing when they are equal. */
export function compareMetadata(recorded: ComparableMetadata, found: ComparableMetadata, options: CompareOptions = {}): string[] {
  if (recorded.type !== found.type) return [`type is ${found.type}, should be ${recorded.type}`];
  const differences: string[] = [];
  const differ = (isDifferent: boolean, what: string, is: string, should: string): void => {
    if (isDifferent) differences.push(`${what} is ${is}, should be ${should}`);
  };
  const { type } = recorded;
  differ(
    type !== 'symlink' && unixPermissions(recorded.mode) !== unixPermissions(found.mode),
    'mode',
    octal(found.mode),
    octal(recorded.mode),
  );
  if (options.owner !== false) {
    differ(recorded.uid !== found.uid, 'user', `${found.uid}`, `${recorded.uid}`);
    differ(recorded.gid !== found.gid, 'group', `${found.gid}`, `${recorded.gid}`);
  }
  differ(recorded.mtimeNs !== found.mtimeNs, 'modification time', timeText(found.mtimeNs), timeText(recorded.mtimeNs));
  differ(type === 'file' && recorded.size !== found.size, 'size', `${found.size}`, `${recorded.size}`);
  differ(
    (type === 'dev' || type === 'chardev') && recorded.device !== found.device,
    'device number',
    `${found.device}`,
    `${recorded.device}`,
  );
  if (type === 'symlink') {
    const is = found.linkTarget ?? Buffer.alloc(0);
    const should = recorded.linkTarget ?? Buffer.alloc(0);
    differ(!is.equals(should), 'link target', `'${pathText(is)}'`, `'${pathText(should)}'`);
  }
  if (options.xattrs !== false) differences.push(...compareXattrs(recorded, found, options.selectsXattr ?? (() => true)));
  return differences;
}
