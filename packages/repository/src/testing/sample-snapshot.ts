import { encodeTree } from '../format/encode-tree.ts';
import { utcZone } from '../format/go-time.ts';
import type { TreeNodeDraft } from '../format/tree-node.ts';
import { PackWriter } from '../pack/pack-writer.ts';
import type { Repository } from '../repository.ts';
import type { WriterSession } from '../session/writer-session.ts';

/** A node with nothing special about it. */
export function sampleNode(overrides: Partial<TreeNodeDraft> = {}): TreeNodeDraft {
  return {
    name: Buffer.from('file'),
    type: 'file',
    mode: 0o644,
    mtimeNs: 1_600_000_000_000_000_000n,
    atimeNs: 1_600_000_000_000_000_000n,
    ctimeNs: 1_600_000_000_000_000_000n,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 1n,
    deviceId: 1n,
    size: 0n,
    links: 1n,
    linkTarget: undefined,
    xattrs: [],
    genericAttributes: undefined,
    device: 0n,
    content: [],
    subtree: undefined,
    error: '',
    ...overrides,
  };
}

const folderMode = 2 ** 31 + 0o755;

async function storeTree(repository: Repository, session: WriterSession, files: Readonly<Record<string, string>>): Promise<Buffer> {
  const writer = new PackWriter(repository.pipelineInit(), repository.backend, (record) => session.addPack(record));
  const nodes = Object.entries(files).map(([name, text]) => {
    const bytes = Buffer.from(text);
    const content = bytes.length === 0 ? [] : [writer.save('data', bytes).toString('hex')];
    return sampleNode({ name: Buffer.from(name), size: BigInt(bytes.length), content });
  });
  await writer.flush();
  const subtree = (await session.saveTree(encodeTree(nodes, utcZone))).toString('hex');
  const folder = sampleNode({ name: Buffer.from('folder'), type: 'dir', mode: folderMode, links: 0n, content: undefined, subtree });
  return await session.saveTree(encodeTree([folder], utcZone));
}

/** Stores a small snapshot, `/folder` with these files, in a session of its own; answers with its id. */
export async function addSnapshot(
  repository: Repository,
  files: Readonly<Record<string, string>>,
  time = '2026-11-21T10:00:00Z',
): Promise<string> {
  await using session = await repository.beginWriter();
  const tree = await storeTree(repository, session, files);
  return await session.publish({ time, tree: tree.toString('hex'), paths: ['/folder'], hostname: 'test' });
}

/** The files of a snapshot made by `addSnapshot`, read back. */
export async function readSnapshot(repository: Repository, id: string): Promise<Record<string, string>> {
  const root = await repository.loadTree((await repository.findSnapshot(id)).tree);
  const files: Record<string, string> = {};
  for (const node of (await repository.loadTree(root.nodes[0]?.subtree ?? '')).nodes) {
    const parts: Buffer[] = [];
    for (const blob of node.content ?? []) parts.push(await repository.loadBlob('data', blob));
    files[node.name.toString()] = Buffer.concat(parts).toString();
  }
  return files;
}
