import { formatGoTime, goModeBits, type TreeNode, type Zone } from '@fortfail/repository';
import { formatBinaryBytes, formatLocalTime, printable } from './format.ts';

const letters: readonly (readonly [number, string])[] = [
  [goModeBits.dir, 'd'],
  [goModeBits.symlink, 'L'],
  [goModeBits.device, 'D'],
  [goModeBits.fifo, 'p'],
  [goModeBits.socket, 'S'],
  [goModeBits.setuid, 'u'],
  [goModeBits.setgid, 'g'],
  [goModeBits.charDevice, 'c'],
  [goModeBits.sticky, 't'],
  [goModeBits.irregular, '?'],
];

/** A mode as Go prints it: `drwxr-xr-x`, `Lrwxrwxrwx`, `Dcrw--w----`. */
export function goModeText(mode: number): string {
  const kind = letters.filter(([bit]) => Math.floor(mode / bit) % 2 === 1).map(([, letter]) => letter);
  const permissions = [...'rwxrwxrwx'].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  return `${kind.length === 0 ? '-' : kind.join('')}${permissions.join('')}`;
}

const dateOf = (timeNs: bigint): Date => new Date(Number(timeNs / 1_000_000n));

/** One line of `ls -l`: mode, owner, size, time, path and what a link points to. */
export function longLine(path: string, node: TreeNode, humanReadable: boolean): string {
  const size = humanReadable ? formatBinaryBytes(Number(node.size)) : String(node.size).padStart(6);
  const target = node.linkTarget === undefined ? '' : ` -> ${printable(node.linkTarget.toString())}`;
  const owner = `${String(node.uid).padStart(5)} ${String(node.gid).padStart(5)}`;
  return `${goModeText(node.mode)} ${owner} ${size} ${formatLocalTime(dateOf(node.mtimeNs))} ${printable(path)}${target}`;
}

/** A node as restic's `ls --json` prints it. Counters of 64 bits are written as they are, never rounded. */
export function nodeJson(path: string, node: TreeNode, zone: Zone): string {
  const time = (timeNs: bigint): string => JSON.stringify(formatGoTime(timeNs, zone));
  const fields: string[] = [
    `"name":${JSON.stringify(node.name.toString())}`,
    `"type":${JSON.stringify(node.type)}`,
    `"path":${JSON.stringify(path)}`,
    `"uid":${node.uid}`,
    `"gid":${node.gid}`,
    ...(node.type === 'file' ? [`"size":${node.size}`] : []),
    `"mode":${node.mode}`,
    `"permissions":${JSON.stringify(goModeText(node.mode))}`,
    `"mtime":${time(node.mtimeNs)}`,
    `"atime":${time(node.atimeNs)}`,
    `"ctime":${time(node.ctimeNs)}`,
    ...(node.inode === 0n ? [] : [`"inode":${node.inode}`]),
    '"message_type":"node"',
    '"struct_type":"node"',
  ];
  return `{${fields.join(',')}}`;
}
