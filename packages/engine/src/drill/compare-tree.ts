import { readdirSync } from 'node:fs';
import { fromErrorRecord, isFortFailError } from '@fortfail/base';
import type { Repository, Tree, TreeNode } from '@fortfail/repository';
import { compareMetadata, type FileMetadata, fileError, isMissing, joinPath, OwnerNames, pathText, readMetadata } from '@fortfail/source';
import type { RestorePool } from '../restore/fetch.ts';
import type { RestoreReply } from '../restore/restore-jobs.ts';
import { type RestoreVisitor, walkSelected } from '../restore/selected-walk.ts';
import type { Selection } from '../restore/selection.ts';
import { VerifyBatches } from '../restore/verify-batches.ts';
import type { DrillDifference } from './drill-options.ts';

export interface CompareContext {
  readonly repository: Repository;
  readonly treeId: string;
  readonly selection: Selection;
  /** Where the tree was restored to. */
  readonly folder: Buffer;
  readonly pool: RestorePool;
  readonly signal: AbortSignal | undefined;
  /** False where owners cannot be set. */
  readonly comparesOwners: boolean;
  readonly onEntry: (entries: number, bytes: number) => void;
}

export interface Comparison {
  readonly entries: number;
  readonly bytes: number;
  readonly differences: readonly DrillDifference[];
  readonly differenceCount: number;
}

const namedDifferences = 1000;

/**
 * Compares a restored tree with what the snapshot recorded: the bytes of every file by the ids of its pieces, all metadata,
 * which files are one, and that nothing is missing or too much. Knows nothing of how the tree was written.
 */
export async function compareTree(context: CompareContext): Promise<Comparison> {
  const visitor = new CompareVisitor(context);
  await walkSelected(context.repository, context.treeId, context.selection, visitor, context.signal);
  visitor.lookForExtra(context.folder, await context.repository.loadTree(context.treeId), '/');
  await visitor.batches.drained();
  return visitor;
}

class CompareVisitor implements RestoreVisitor, Comparison {
  entries = 0;
  bytes = 0;
  differenceCount = 0;
  readonly differences: DrillDifference[] = [];
  readonly batches: VerifyBatches;
  readonly #context: CompareContext;
  readonly #names = new OwnerNames();
  readonly #folders: Buffer[];
  /** Snapshot paths of files that threads are comparing, by the number they were given. */
  readonly #underWay = new Map<number, string>();
  /** Recorded to found identity of files with several names. */
  readonly #linked = new Map<string, string>();
  #nextFile = 0;

  constructor(context: CompareContext) {
    this.#context = context;
    this.#folders = [context.folder];
    this.batches = new VerifyBatches(context.repository, context.pool, (reply) => this.#take(reply));
  }

  enter(path: Buffer, node: TreeNode): void {
    const place = joinPath(this.#folder, node.name);
    this.#folders.push(place);
    this.#compareEntry(path, place, node);
  }

  entry(path: Buffer, node: TreeNode): void {
    const place = joinPath(this.#folder, node.name);
    const found = this.#compareEntry(path, place, node);
    if (node.type !== 'file' || found?.type !== 'file') return;
    this.#compareLinks(path, node, found);
    this.#underWay.set(this.#nextFile, pathText(path));
    this.batches.add(this.#nextFile, place, node);
    this.#nextFile += 1;
  }

  leave(path: Buffer, _node: TreeNode, tree: Tree | undefined): void {
    const place = this.#folders.pop();
    if (place !== undefined && tree !== undefined) this.lookForExtra(place, tree, pathText(path));
  }

  failed(path: Buffer, error: unknown): void {
    this.#differ({
      path: pathText(path),
      what: 'missing',
      expected: 'a readable entry',
      found: isFortFailError(error) ? error.message : String(error),
    });
  }

  pause(): Promise<void> | undefined {
    this.#context.onEntry(this.entries, this.bytes);
    return this.batches.pause();
  }

  /** Names on disk that the snapshot does not have; with a selection also what was not selected. */
  lookForExtra(place: Buffer, tree: Tree, path: string): void {
    const expected = new Set(tree.nodes.map((node) => node.name.toString('latin1')));
    let names: Buffer[];
    try {
      names = readdirSync(place, { encoding: 'buffer' });
    } catch (error) {
      // A folder that is missing has been named already.
      if (isMissing(error)) return;
      throw fileError(error, 'list', place);
    }
    for (const name of names) {
      if (expected.has(name.toString('latin1'))) continue;
      this.#differ({ path: `${path === '/' ? '' : path}/${pathText(name)}`, what: 'extra', expected: 'nothing', found: 'an entry' });
    }
  }

  get #folder(): Buffer {
    return this.#folders[this.#folders.length - 1] ?? this.#context.folder;
  }

  #compareEntry(path: Buffer, place: Buffer, node: TreeNode): FileMetadata | undefined {
    this.entries += 1;
    let found: FileMetadata;
    try {
      found = readMetadata(place, { names: this.#names });
    } catch (error) {
      const { message } = fileError(error, 'read', place);
      this.#differ({ path: pathText(path), what: 'missing', expected: node.type, found: isMissing(error) ? 'nothing' : message });
      return undefined;
    }
    const recorded = { ...node, type: node.type as FileMetadata['type'] };
    for (const sentence of compareMetadata(recorded, found, { owner: this.#context.comparesOwners })) {
      this.#differ({ path: pathText(path), what: 'metadata', expected: 'as recorded', found: sentence });
    }
    return found;
  }

  #compareLinks(path: Buffer, node: TreeNode, found: FileMetadata): void {
    if (node.links < 2n || node.inode === 0n) return;
    const key = `${node.inode}:${node.deviceId}:${node.content?.join() ?? ''}`;
    const identity = `${found.inode}:${found.deviceId}`;
    const first = this.#linked.get(key);
    if (first === undefined) this.#linked.set(key, identity);
    else if (first !== identity)
      this.#differ({ path: pathText(path), what: 'hard-link', expected: 'another name of one file', found: 'a file of its own' });
  }

  #take(reply: RestoreReply): void {
    this.bytes += reply.bytes;
    for (const file of reply.finished) this.#underWay.delete(file);
    for (const { file, error } of reply.failures) {
      const path = this.#underWay.get(file) ?? '';
      this.#underWay.delete(file);
      this.#differ({ path, what: 'content', expected: 'the recorded bytes', found: fromErrorRecord(error).message });
    }
  }

  #differ(difference: DrillDifference): void {
    this.differenceCount += 1;
    if (this.differences.length < namedDifferences) this.differences.push(difference);
  }
}
