import { join } from 'node:path/posix';
import type { FileEntry } from '@fortfail/protocol';
import type { TreeNode } from '@fortfail/repository';
import { unixPermissions } from '@fortfail/source';
import { textOfName } from './entry-path.ts';

const knownTypes: ReadonlySet<string> = new Set(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket', 'irregular']);

/** A stored entry of a folder as people see it. */
export function entryOf(folder: string, node: TreeNode): FileEntry {
  const name = textOfName(node.name);
  return {
    name,
    path: join(folder, name),
    type: knownTypes.has(node.type) ? (node.type as FileEntry['type']) : 'irregular',
    size: node.type === 'file' ? Number(node.size) : null,
    mode: modeText(node),
    modified: instantOf(node.mtimeNs),
    uid: node.uid,
    gid: node.gid,
    user: node.user,
    group: node.group,
    linkTarget: node.linkTarget === undefined ? null : textOfName(node.linkTarget),
  };
}

const typeLetters: Readonly<Record<string, string>> = { dir: 'd', symlink: 'l', dev: 'b', chardev: 'c', fifo: 'p', socket: 's' };

/** As `ls -l` shows it: `drwxr-sr-x`. */
function modeText(node: TreeNode): string {
  const mode = unixPermissions(node.mode);
  const triple = (bits: number, isSpecial: boolean, letter: string): string => {
    const execute = (bits & 1) !== 0;
    const last = isSpecial ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${(bits & 4) !== 0 ? 'r' : '-'}${(bits & 2) !== 0 ? 'w' : '-'}${last}`;
  };
  const owner = triple((mode >> 6) & 7, (mode & 0o4000) !== 0, 's');
  const group = triple((mode >> 3) & 7, (mode & 0o2000) !== 0, 's');
  const others = triple(mode & 7, (mode & 0o1000) !== 0, 't');
  return `${typeLetters[node.type] ?? '-'}${owner}${group}${others}`;
}

/** JavaScript's dates reach far enough for every time a file system keeps; the years beyond 9999 do not fit RFC 3339. */
export function instantOf(ns: bigint): string {
  const ms = Number(ns / 1_000_000n);
  const latest = Date.UTC(9999, 11, 31, 23, 59, 59);
  return new Date(Math.min(latest, Math.max(-62_167_219_200_000, ms))).toISOString();
}
