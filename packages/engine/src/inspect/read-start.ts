import { FortFailError } from '@fortfail/base';
import type { Repository, TreeNode } from '@fortfail/repository';

/**
 * The first bytes of a stored file, at most `most`; one blob at a time is held beside them. Throws `invalid-input` for what
 * is no file, `not-found` or `damaged` when a blob cannot be read.
 */
export async function readStart(
  repository: Repository,
  node: TreeNode,
  most: number,
  signal?: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  if (node.type !== 'file')
    throw new FortFailError({ kind: 'invalid-input', code: 'not-a-file', message: `unable to read a ${node.type}, only files have bytes` });
  const parts: Buffer[] = [];
  let length = 0;
  for (const id of node.content ?? []) {
    if (length >= most) break;
    const blob = await repository.loadBlob('data', id, signal);
    // A copy: a slice would keep all of the blob.
    const part = Buffer.from(blob.subarray(0, most - length));
    parts.push(part);
    length += part.length;
  }
  return { bytes: Buffer.concat(parts), isCut: BigInt(length) < node.size };
}
