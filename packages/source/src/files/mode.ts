/**
 * The mode of a node as restic stores it: Go's `os.FileMode`, permission bits plus type and special bits in other
 * places than Unix has them.
 */
export type NodeType = 'file' | 'dir' | 'symlink' | 'dev' | 'chardev' | 'fifo' | 'socket' | 'irregular';

const S_IFMT = 0o170000;
const unixTypes: ReadonlyMap<number, NodeType> = new Map([
  [0o100000, 'file'],
  [0o040000, 'dir'],
  [0o120000, 'symlink'],
  [0o060000, 'dev'],
  [0o020000, 'chardev'],
  [0o010000, 'fifo'],
  [0o140000, 'socket'],
]);

const typeBits: Readonly<Record<NodeType, number>> = {
  file: 0,
  dir: 2 ** 31,
  symlink: 2 ** 27,
  dev: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  chardev: 2 ** 26 + 2 ** 21,
  irregular: 2 ** 19,
};

const setuid = 2 ** 23;
const setgid = 2 ** 22;
const sticky = 2 ** 20;

/** The node type of a Unix `st_mode`. */
export function nodeTypeOf(unixMode: number): NodeType {
  return unixTypes.get(unixMode & S_IFMT) ?? 'irregular';
}

/** Go's mode of a Unix `st_mode`. */
export function goMode(unixMode: number): number {
  let mode = typeBits[nodeTypeOf(unixMode)] + (unixMode & 0o777);
  if ((unixMode & 0o4000) !== 0) mode += setuid;
  if ((unixMode & 0o2000) !== 0) mode += setgid;
  if ((unixMode & 0o1000) !== 0) mode += sticky;
  return mode;
}

/** Permission, setuid, setgid and sticky bits (0..07777) for chmod, of a Go mode. */
export function unixPermissions(mode: number): number {
  // Bit 31 makes the number negative under JavaScript's operators, but `&` still picks the right bits.
  let permissions = mode & 0o777;
  if ((mode & setuid) !== 0) permissions |= 0o4000;
  if ((mode & setgid) !== 0) permissions |= 0o2000;
  if ((mode & sticky) !== 0) permissions |= 0o1000;
  return permissions;
}
