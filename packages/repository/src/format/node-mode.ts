/** What a tree node can be. `socket` and `irregular` are only read: nothing writes them. */
export type NodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'irregular';

/** The bits of Go's `os.FileMode` above the nine permission bits; trees store these, not those of `stat`. */
export const goModeBits = {
  dir: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  charDevice: 2 ** 21,
  sticky: 2 ** 20,
  irregular: 2 ** 19,
} as const;

const typeBits: Readonly<Record<NodeType, number>> = {
  file: 0,
  dir: goModeBits.dir,
  symlink: goModeBits.symlink,
  dev: goModeBits.device,
  chardev: goModeBits.device + goModeBits.charDevice,
  fifo: goModeBits.fifo,
  socket: goModeBits.socket,
  irregular: goModeBits.irregular,
};

const unixTypes: Readonly<Record<number, NodeType>> = {
  32768: 'file',
  16384: 'dir',
  40960: 'symlink',
  24576: 'dev',
  8192: 'chardev',
  4096: 'fifo',
  49152: 'socket',
};

/** The node type of a `st_mode`. */
export function nodeTypeOfUnixMode(unixMode: number): NodeType {
  return unixTypes[unixMode & 0o170000] ?? 'irregular';
}

/** A `st_mode` as trees store it. */
export function goModeOfUnixMode(unixMode: number): number {
  let mode = typeBits[nodeTypeOfUnixMode(unixMode)] + (unixMode & 0o777);
  if (unixMode & 0o4000) mode += goModeBits.setuid;
  if (unixMode & 0o2000) mode += goModeBits.setgid;
  if (unixMode & 0o1000) mode += goModeBits.sticky;
  return mode;
}

/** The twelve permission bits, for `chmod`, of a stored mode. The type stands in the node's `type`. */
export function unixPermissions(goMode: number): number {
  const has = (bit: number): boolean => Math.floor(goMode / bit) % 2 === 1;
  const special = (has(goModeBits.setuid) ? 0o4000 : 0) | (has(goModeBits.setgid) ? 0o2000 : 0) | (has(goModeBits.sticky) ? 0o1000 : 0);
  return special | (goMode % 0o1000);
}
