import { posix } from 'node:path';
import { goModeBits, type Snapshot, type TreeNode, unixPermissions } from '@fortfail/repository';

/**
 * ncdu's export format, version 1.2, as restic writes it: nested lists that are opened and closed as the walk goes down
 * and up. Give it every entry in tree order, then `end`.
 */
export class NcduWriter {
  readonly #write: (text: string) => void;
  #folders: string[] = ['/'];

  constructor(snapshot: Snapshot, write: (text: string) => void) {
    this.#write = write;
    write(`[1, 2, ${JSON.stringify(snapshot.document)}, [{"name":"/"}`);
  }

  node(path: string, node: TreeNode): void {
    const parent = posix.dirname(path);
    while (this.#folders.length > 1 && this.#folders.at(-1) !== parent) this.#close();
    const indent = '  '.repeat(this.#folders.length);
    if (node.type === 'dir') {
      this.#write(`,\n${indent}[\n${indent}  ${entry(node)}`);
      this.#folders.push(path);
    } else this.#write(`,\n${indent}${entry(node)}`);
  }

  end(): void {
    while (this.#folders.length > 1) this.#close();
    this.#write('\n]\n]\n');
  }

  #close(): void {
    this.#folders.pop();
    this.#write(`\n${'  '.repeat(this.#folders.length)}]`);
  }
}

function entry(node: TreeNode): string {
  const isSpecial = !['file', 'dir'].includes(node.type);
  const has = (bit: number): boolean => Math.floor(node.mode / bit) % 2 === 1;
  const size = Number(node.size);
  const excluded = has(goModeBits.irregular) ? ',"excluded":"othfs"' : '';
  return [
    `{"name":${JSON.stringify(node.name.toString())},"asize":${size},"dsize":${Math.ceil(size / 512) * 512}`,
    `"dev":${node.deviceId},"ino":${node.inode},"nlink":${node.links},"notreg":${isSpecial}`,
    `"uid":${node.uid},"gid":${node.gid},"mode":${unixPermissions(node.mode)}`,
    `"mtime":${node.mtimeNs / 1_000_000_000n}${excluded}}`,
  ].join(',');
}
