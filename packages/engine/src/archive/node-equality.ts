import type { TreeNode, TreeNodeDraft } from '@fortfail/repository';

export interface UnchangedRule {
  readonly ignoreCtime: boolean;
  readonly ignoreInode: boolean;
}

/**
 * restic's rule for not reading a file again: same size, modification time, change time and inode as the parent has
 * recorded, compared as instants. Ignoring the inode drops the change time with it, as a copied tree has neither.
 */
export function isUnchangedFile(found: TreeNodeDraft, previous: TreeNode | undefined, rule: UnchangedRule): previous is TreeNode {
  if (previous?.type !== 'file' || found.type !== 'file' || previous.content === undefined) return false;
  if (found.size !== previous.size || found.mtimeNs !== previous.mtimeNs) return false;
  if (!rule.ignoreInode && found.inode !== previous.inode) return false;
  return rule.ignoreCtime || rule.ignoreInode || found.ctimeNs === previous.ctimeNs;
}

/** True when both would be written as the same entry; times are compared as instants. */
export function isSameNode(a: TreeNodeDraft, b: TreeNode): boolean {
  return (
    a.type === b.type &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.atimeNs === b.atimeNs &&
    a.size === b.size &&
    a.mode === b.mode &&
    a.inode === b.inode &&
    a.deviceId === b.deviceId &&
    a.links === b.links &&
    a.device === b.device &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.user === b.user &&
    a.group === b.group &&
    a.subtree === b.subtree &&
    a.error === b.error &&
    a.genericAttributes === b.genericAttributes &&
    isSameBytes(a.name, b.name) &&
    isSameBytes(a.linkTarget, b.linkTarget) &&
    isSameContent(a.content, b.content) &&
    hasSameAttributes(a, b)
  );
}

function isSameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return Buffer.compare(a, b) === 0;
}

function hasSameAttributes(a: TreeNodeDraft, b: TreeNode): boolean {
  if (a.xattrs.length !== b.xattrs.length) return false;
  return a.xattrs.every((attribute, index) => {
    const other = b.xattrs[index];
    return other !== undefined && attribute.name === other.name && isSameBytes(attribute.value, other.value);
  });
}

function isSameContent(a: TreeNodeDraft['content'], b: TreeNode['content']): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (!(a instanceof Uint8Array)) return a.length === b.length && a.every((id, index) => id === b[index]);
  if (a.length !== 32 * b.length) return false;
  const bytes = Buffer.from(a.buffer, a.byteOffset, a.byteLength);
  return b.every((id, index) => bytes.toString('hex', 32 * index, 32 * index + 32) === id);
}
