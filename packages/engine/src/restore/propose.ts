import { createHash } from 'node:crypto';
import { type BigIntStats, readdirSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { toErrorRecord } from '@fortfail/base';
import type { Repository, TreeNode } from '@fortfail/repository';
import { decideOverwrite, isMissing, joinPath, nodeTypeOf, pathText } from '@fortfail/source';
import { FailureList } from '../events.ts';
import { findFolder } from '../inspect/find-entry.ts';
import type { RestoreConflict, RestoreContext, RestoreProposal, RestoreRequest } from './restore-options.ts';
import { RestorePlan } from './restore-plan.ts';
import { seenOnDisk } from './seen-on-disk.ts';
import { type RestoreVisitor, walkSelected } from './selected-walk.ts';
import { Selection } from './selection.ts';

const namedConflicts = 1000;

/** A proposal with what was computed for it; only the process that computed it has the plan. */
export interface PlannedRestore {
  readonly proposal: RestoreProposal;
  readonly plan: RestorePlan;
  readonly treeId: string;
  readonly selection: Selection;
  readonly failures: FailureList;
}

/**
 * Computes what a restore would write, overwrite and read, and writes nothing. Throws `not-found` for a subfolder that is
 * not there, `invalid-input` for faulty patterns, `damaged` when the snapshot's root cannot be read.
 */
export async function proposeRestore(repository: Repository, request: RestoreRequest, context: RestoreContext): Promise<RestoreProposal> {
  const planned = await planRestore(repository, request, context);
  plans.set(planned.proposal, planned);
  return planned.proposal;
}

/** Plans of proposals that this process made and has not applied yet. */
const plans = new WeakMap<RestoreProposal, PlannedRestore>();

/** The plan of a proposal, once: a second restore from it must look again at what is on disk. */
export function takePlan(proposal: RestoreProposal): PlannedRestore | undefined {
  const planned = plans.get(proposal);
  plans.delete(proposal);
  return planned;
}

export async function planRestore(repository: Repository, request: RestoreRequest, context: RestoreContext): Promise<PlannedRestore> {
  await repository.loadIndex(context.signal === undefined ? {} : { signal: context.signal });
  const treeId = await findFolder(repository, request.snapshot.tree, request.subfolder ?? '/');
  const selection = new Selection(request);
  const planner = new Planner(repository, request);
  await walkSelected(repository, treeId, selection, planner, context.signal);
  return { proposal: planner.proposal(treeId), plan: planner.plan, treeId, selection, failures: planner.failures };
}

class Planner implements RestoreVisitor {
  readonly plan: RestorePlan;
  readonly failures = new FailureList();
  readonly #request: RestoreRequest;
  readonly #target: string;
  readonly #digest = createHash('sha256');
  readonly #folders: { readonly number: number; readonly isOnDisk: boolean; readonly path: Buffer }[];
  readonly #conflicts: RestoreConflict[] = [];
  #conflictCount = 0;
  #files = 0;
  #others = 0;
  #bytes = 0;

  constructor(repository: Repository, request: RestoreRequest) {
    this.#request = request;
    this.#target = resolve(request.target);
    this.plan = new RestorePlan(repository.index);
    const path = Buffer.from(this.#target);
    const isOnDisk = seenOnDisk(path) !== undefined;
    this.#folders = [{ number: 0, isOnDisk, path }];
    if (request.overwrite === undefined && isOnDisk && !isEmptyFolder(path))
      this.#conflict(path, 'a folder that is not empty', 'a new folder');
  }

  enter(path: Buffer, node: TreeNode): void {
    const parent = this.#folder;
    const onDisk = joinPath(parent.path, node.name);
    const stat = parent.isOnDisk ? seenOnDisk(onDisk) : undefined;
    if (stat !== undefined && !stat.isDirectory()) this.#conflict(onDisk, typeName(stat), 'folder');
    this.#note(path, node);
    this.#folders.push({ number: this.plan.addFolder(parent.number, node.name), isOnDisk: stat?.isDirectory() === true, path: onDisk });
  }

  entry(path: Buffer, node: TreeNode): void {
    try {
      const isLink = node.type === 'file' && this.#isLink(this.plan.addFile(this.#folder.number, node));
      if (node.type === 'file') this.#files += 1;
      else this.#others += 1;
      if (!isLink) this.#bytes += Number(node.size);
    } catch (error) {
      this.failed(path, error);
      return;
    }
    this.#note(path, node);
    this.#look(node);
  }

  leave(): void {
    this.#folders.pop();
  }

  failed(path: Buffer, error: unknown): void {
    this.failures.add({ item: pathText(path), during: 'restore', error: toErrorRecord(error) });
  }

  proposal(treeId: string): RestoreProposal {
    const { snapshot, overwrite, deleteExtra, sparse, ownershipByName } = this.#request;
    const { packs, bytes: bytesToRead } = this.plan.reads();
    const counted = {
      snapshotId: snapshot.id,
      target: this.#target,
      files: this.#files,
      directories: this.plan.folderCount - 1,
      others: this.#others,
      bytes: this.#bytes,
      packs,
      bytesToRead,
      conflicts: this.#conflicts,
      conflictCount: this.#conflictCount,
      damaged: this.failures.named,
    };
    const settings = {
      treeId,
      overwrite,
      deleteExtra: deleteExtra === true,
      sparse: sparse === true,
      ownershipByName: ownershipByName === true,
    };
    // Where the blobs lie may change between proposal and restore (a prune); what is restored may not.
    const { packs: _packs, bytesToRead: _bytes, ...lasting } = counted;
    const digest = this.#digest.update(JSON.stringify({ ...settings, ...lasting })).digest('hex');
    return { ...counted, freeBytes: freeBytesAt(this.#target), limits: limitsOfProcess(), digest };
  }

  get #folder(): { readonly number: number; readonly isOnDisk: boolean; readonly path: Buffer } {
    return this.#folders[this.#folders.length - 1] ?? { number: 0, isOnDisk: false, path: Buffer.from(this.#target) };
  }

  #isLink(file: number): boolean {
    return this.plan.masterOf(file) !== undefined;
  }

  /** Everything that decides what lies at a path afterwards goes into the digest. */
  #note(path: Buffer, node: TreeNode): void {
    const facts = [
      node.type,
      node.mode,
      node.uid,
      node.gid,
      node.mtimeNs,
      node.size,
      node.content?.join(),
      node.linkTarget?.toString('hex'),
    ];
    this.#digest.update(path).update(`\0${facts.join(' ')}\0`);
  }

  #look(node: TreeNode): void {
    const folder = this.#folder;
    if (!folder.isOnDisk) return;
    const path = joinPath(folder.path, node.name);
    const stat = seenOnDisk(path);
    if (stat === undefined) return;
    const decision = decideOverwrite(this.#request.overwrite ?? 'never', { ...node, type: node.type as 'file' }, stat);
    if (decision === 'write' || decision === 'compare') this.#conflict(path, typeName(stat), node.type);
  }

  #conflict(path: Buffer, onDisk: string, inPoint: string): void {
    this.#conflictCount += 1;
    if (this.#conflicts.length < namedConflicts) this.#conflicts.push({ path: pathText(path), onDisk, inPoint });
  }
}

/** Room for an ordinary user where a path lies or would lie; null where nobody tells. */
function freeBytesAt(path: string): number | null {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch (error) {
      if (!isMissing(error) || folder === dirname(folder)) return null;
    }
  }
}

/** What only root may set. */
function limitsOfProcess(): string[] {
  if (process.getuid === undefined || process.getuid() === 0) return [];
  return [
    'owners other than this user',
    'devices',
    'attributes of the system (trusted., security.)',
    'setuid and setgid where the owner differs',
  ];
}

function isEmptyFolder(path: Buffer): boolean {
  return seenOnDisk(path)?.isDirectory() === true && readdirSync(path).length === 0;
}

function typeName(stat: BigIntStats): string {
  const type = nodeTypeOf(Number(stat.mode));
  return type === 'dir' ? 'folder' : type;
}
