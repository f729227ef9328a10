import { isUtf8 } from 'node:buffer';
import { FortFailError } from '@fortfail/base';
import { goJsonBytes, goJsonString } from './go-json.ts';
import { goQuote } from './go-quote.ts';
import { formatGoTime, type Zone } from './go-time.ts';
import type { TreeNodeDraft } from './tree-node.ts';

/** One node as restic writes it: every field in its place, empty ones left out, byte for byte. */
export function encodeNode(node: TreeNodeDraft, zone: Zone): string {
  refuseTraps(node);
  const mtime = formatGoTime(node.mtimeNs, zone);
  const atime = node.atimeNs === node.mtimeNs ? mtime : formatGoTime(node.atimeNs, zone);
  const ctime = node.ctimeNs === node.mtimeNs ? mtime : formatGoTime(node.ctimeNs, zone);
  let out = `{"name":${goJsonString(goQuote(node.name))},"type":${goJsonString(node.type)}`;
  if (node.mode !== 0) out += `,"mode":${node.mode}`;
  out += `,"mtime":"${mtime}","atime":"${atime}","ctime":"${ctime}","uid":${node.uid},"gid":${node.gid}`;
  if (node.user !== '') out += `,"user":${goJsonString(node.user)}`;
  if (node.group !== '') out += `,"group":${goJsonString(node.group)}`;
  if (node.inode !== 0n) out += `,"inode":${node.inode}`;
  if (node.deviceId !== 0n) out += `,"device_id":${node.deviceId}`;
  if (node.size !== 0n) out += `,"size":${node.size}`;
  if (node.links !== 0n) out += `,"links":${node.links}`;
  if (node.linkTarget !== undefined && node.linkTarget.length > 0) out += linkTargetFields(node.linkTarget);
  if (node.xattrs.length > 0) out += xattrField(node);
  if (node.genericAttributes !== undefined) out += `,"generic_attributes":${node.genericAttributes}`;
  if (node.device !== 0n) out += `,"device":${node.device}`;
  out += `,"content":${contentText(node.content)}`;
  if (node.subtree !== undefined) out += `,"subtree":"${node.subtree}"`;
  if (node.error !== '') out += `,"error":${goJsonString(node.error)}`;
  return `${out}}`;
}

/** What restic stores without a word and restores wrongly, or calls damaged: never written. */
function refuseTraps(node: TreeNodeDraft): void {
  if (node.type === 'file') {
    if (node.content === undefined) throw refusal(node, 'content-missing', 'a file needs its content, [] when empty');
    // Restoring, restic takes all files of inode 0 with several links for one and the same.
    if (node.links > 1n && node.inode === 0n) throw refusal(node, 'links-without-inode', 'several links need a true inode');
    return;
  }
  if (node.content !== undefined) throw refusal(node, 'content-unexpected', 'only a file has content');
  if (node.type === 'dir' && node.subtree === undefined) throw refusal(node, 'subtree-missing', 'a folder needs its tree');
}

function refusal(node: TreeNodeDraft, code: string, reason: string): FortFailError {
  return new FortFailError({ kind: 'bug', code, message: `unable to write node '${goQuote(node.name)}', ${reason}` });
}

function linkTargetFields(target: Buffer): string {
  const text = `,"linktarget":${goJsonBytes(target)}`;
  return isUtf8(target) ? text : `${text},"linktarget_raw":"${target.toString('base64')}"`;
}

function xattrField(node: TreeNodeDraft): string {
  const attributes = node.xattrs.map(({ name, value }) => `{"name":${goJsonString(name)},"value":"${value.toString('base64')}"}`);
  return `,"extended_attributes":[${attributes.join(',')}]`;
}

function contentText(content: TreeNodeDraft['content']): string {
  if (content === undefined) return 'null';
  if (content.length === 0) return '[]';
  if (!(content instanceof Uint8Array)) return `["${content.join('","')}"]`;
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  let out = '[';
  for (let at = 0; at < bytes.length; at += 32) out += `${at === 0 ? '' : ','}"${bytes.toString('hex', at, at + 32)}"`;
  return `${out}]`;
}

/**
 * The bytes of a tree blob: nodes sorted by the bytes of their names, as restic demands, so the order given does not
 * matter. Throws `bug` for two nodes of one name and for nodes that restic would call damaged.
 */
export function encodeTree(nodes: readonly TreeNodeDraft[], zone: Zone): Buffer {
  return joinTree(sortNodes(nodes).map((node) => encodeNode(node, zone)));
}

/** A tree blob from nodes already encoded and in order; for callers that encode node by node. */
export function joinTree(encodedNodes: readonly string[]): Buffer {
  return Buffer.from(`{"nodes":[${encodedNodes.join(',')}]}\n`, 'utf8');
}

function sortNodes(nodes: readonly TreeNodeDraft[]): readonly TreeNodeDraft[] {
  const isSorted = nodes.every((node, i) => i === 0 || Buffer.compare(nodes[i - 1]?.name ?? node.name, node.name) < 0);
  if (isSorted && nodes[0]?.name.length !== 0) return nodes;
  const sorted = [...nodes].sort((a, b) => Buffer.compare(a.name, b.name));
  for (const [i, node] of sorted.entries()) {
    if (node.name.length === 0) throw refusal(node, 'name-empty', 'a node needs a name');
    if (sorted[i + 1]?.name.equals(node.name)) throw refusal(node, 'name-twice', 'its folder has another of that name');
  }
  return sorted;
}
