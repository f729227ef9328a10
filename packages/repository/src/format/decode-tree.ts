import { FortFailError } from '@fortfail/base';
import { goUnquote } from './go-quote.ts';
import { parseGoTimeNs } from './go-time.ts';
import { quoteBigNumbers, quoteRawObjects } from './lossless-json.ts';
import type { ExtendedAttribute, Tree, TreeNode } from './tree-node.ts';

type RawNode = Readonly<Record<string, unknown>>;

/**
 * Reads a tree blob. Optional fields get their zero values, unknown ones are passed over, 64-bit numbers keep every
 * digit. Order and soundness of the nodes are not judged here (`tree-faults.ts`). Throws `damaged`.
 */
export function decodeTree(bytes: Uint8Array): Tree {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const document = parseDocument(quoteRawObjects(quoteBigNumbers(text), 'generic_attributes'));
  if (typeof document !== 'object' || document === null || !('nodes' in document)) throw badTree('it has no nodes');
  const { nodes } = document;
  if (nodes === null) return { nodes: [] };
  if (!Array.isArray(nodes)) throw badTree('its nodes are not a list');
  const decoded: TreeNode[] = new Array(nodes.length);
  for (let i = 0; i < nodes.length; i += 1) decoded[i] = decodeNode(nodes[i]);
  return { nodes: decoded };
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FortFailError({ kind: 'damaged', code: 'tree-json', message: 'unable to read tree, it is not JSON', cause: error });
  }
}

function decodeNode(node: RawNode | null): TreeNode {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) throw badTree('a node is not an object');
  const mtime = textOf(node.mtime);
  const atime = textOf(node.atime);
  const ctime = textOf(node.ctime);
  const mtimeNs = timeOf(mtime);
  return {
    name: goUnquote(textOf(node.name)),
    type: textOf(node.type),
    mode: numberOf(node.mode),
    mtimeNs,
    atimeNs: atime === mtime ? mtimeNs : timeOf(atime),
    ctimeNs: ctime === mtime ? mtimeNs : timeOf(ctime),
    uid: numberOf(node.uid),
    gid: numberOf(node.gid),
    user: textOf(node.user),
    group: textOf(node.group),
    inode: bigOf(node.inode),
    deviceId: bigOf(node.device_id),
    size: bigOf(node.size),
    links: bigOf(node.links),
    linkTarget: linkTargetOf(node),
    xattrs: xattrsOf(node.extended_attributes),
    genericAttributes: node.generic_attributes === undefined ? undefined : textOf(node.generic_attributes),
    device: bigOf(node.device),
    content: contentOf(node.content),
    subtree: node.subtree === undefined || node.subtree === null ? undefined : idOf(node.subtree),
    error: textOf(node.error),
  };
}

/** Go's zero time, which stands for a time nobody wrote. */
const zeroTimeNs = -62_135_596_800_000_000_000n;

function timeOf(text: string): bigint {
  return text === '' ? zeroTimeNs : parseGoTimeNs(text);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  throw badTree('a text field holds something else');
}

function numberOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (value === undefined || value === null) return 0;
  throw badTree('a number field holds something else');
}

const maxUint64 = 2n ** 64n - 1n;

function bigOf(value: unknown): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^\d+$/.test(value) && BigInt(value) <= maxUint64) return BigInt(value);
  throw badTree('a number field holds something else');
}

function linkTargetOf(node: RawNode): Buffer | undefined {
  const raw = textOf(node.linktarget_raw);
  if (raw !== '') return bytesOf(raw);
  const text = textOf(node.linktarget);
  return text === '' ? undefined : Buffer.from(text, 'utf8');
}

/** Node skips what is not base64, and would give bytes that nobody stored. */
function bytesOf(base64: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === (base64.length / 4) * 3 - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0)) return bytes;
  throw badTree('a value is not base64');
}

const noXattrs: readonly ExtendedAttribute[] = [];

function xattrsOf(value: unknown): readonly ExtendedAttribute[] {
  if (value === undefined || value === null) return noXattrs;
  if (!Array.isArray(value)) throw badTree('extended attributes are not a list');
  return value.map((attribute: RawNode | null) => {
    if (typeof attribute !== 'object' || attribute === null) throw badTree('an extended attribute is not an object');
    return { name: textOf(attribute.name), value: bytesOf(textOf(attribute.value)) };
  });
}

const idPattern = /^[0-9a-f]{64}$/;

function idOf(value: unknown): string {
  if (typeof value === 'string' && idPattern.test(value)) return value;
  throw badTree('an id is not 64 hexadecimal digits');
}

function contentOf(value: unknown): readonly string[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (!Array.isArray(value)) throw badTree('content is not a list');
  for (let i = 0; i < value.length; i += 1) idOf(value[i]);
  return value;
}

function badTree(reason: string): FortFailError {
  return new FortFailError({ kind: 'damaged', code: 'tree-form', message: `unable to read tree, ${reason}` });
}
