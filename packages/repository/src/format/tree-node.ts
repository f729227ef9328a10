import type { NodeType } from './node-mode.ts';

export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Buffer;
}

/**
 * One entry of a folder as restic's trees hold it. Names and targets are bytes; counters that restic keeps in 64 bits
 * are bigints, so that nothing is rounded; absent fields have their zero value.
 */
export interface TreeNode {
  readonly name: Buffer;
  /** A type this version does not know is kept as it is, so that readers can pass it. */
  readonly type: NodeType | (string & {});
  /** Permission and type bits as Go has them (`node-mode.ts`). */
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly atimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly inode: bigint;
  readonly deviceId: bigint;
  /** Files only: the sum of the bytes read. */
  readonly size: bigint;
  /** Never for folders and fifos. */
  readonly links: bigint;
  readonly linkTarget: Buffer | undefined;
  /** In the order the kernel lists them. */
  readonly xattrs: readonly ExtendedAttribute[];
  /** JSON text of the object, as stored (Windows). */
  readonly genericAttributes: string | undefined;
  /** `st_rdev` as Linux encodes it. */
  readonly device: bigint;
  /** Ids of the data blobs; undefined stands for `null`, which every type but `file` must have. */
  readonly content: readonly string[] | undefined;
  /** Id of a folder's own tree. */
  readonly subtree: string | undefined;
  readonly error: string;
}

/** A node to be written: `content` may also be the ids' bytes, 32 each. */
export type TreeNodeDraft = Omit<TreeNode, 'content'> & { readonly content: readonly string[] | Uint8Array | undefined };

/** A folder: its entries in the order stored, which is ascending by the names' bytes. */
export interface Tree {
  readonly nodes: readonly TreeNode[];
}
