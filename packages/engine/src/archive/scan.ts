import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, FortFailError, type Logger, toErrorRecord } from '@fortfail/base';
import type { Repository, TreeNode, TreeNodeDraft } from '@fortfail/repository';
import { type FileMetadata, pathText, type WalkEvent } from '@fortfail/source';
import type { EngineListener, FailureList } from '../events.ts';
import type { FileBatches } from './file-batches.ts';
import { isUnchangedFile, type UnchangedRule } from './node-equality.ts';
import type { OpenFolder, PreviousTree, TreeBuilder } from './tree-builder.ts';

export interface ScanContext {
  readonly repository: Repository;
  readonly builder: TreeBuilder;
  readonly batches: FileBatches;
  readonly failures: FailureList;
  readonly rule: UnchangedRule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly onItem?: EngineListener | undefined;
  readonly onTurn: (currentPath: string) => void;
}

/** How long the walk may keep the main thread before answers of the worker threads are heard. */
const turnMs = 5;

/** Follows a walk: settles what is unchanged or has no content, sends the rest to be read. */
export class Scan {
  readonly #context: ScanContext;
  #folder: OpenFolder;

  constructor(context: ScanContext, previousRoot: PreviousTree | undefined) {
    this.#context = context;
    this.#folder = context.builder.openRoot(previousRoot);
  }

  async follow(events: Iterable<WalkEvent>): Promise<void> {
    const { batches, clock, signal } = this.#context;
    let turnBegan = clock.monotonicMs();
    for (const event of events) {
      await this.#take(event);
      if (!batches.isFull && clock.monotonicMs() - turnBegan < turnMs) continue;
      this.#context.onTurn(pathText(event.path));
      if (batches.isFull) await batches.room();
      else await nextTurn();
      signal.throwIfAborted();
      turnBegan = clock.monotonicMs();
    }
    await batches.drained();
    this.#context.builder.leave(this.#folder);
  }

  async #take(event: WalkEvent): Promise<void> {
    switch (event.kind) {
      case 'enter':
        return this.#enter(event.metadata);
      case 'leave':
        return this.#leave();
      case 'entry':
        return this.#entry(event.path, event.metadata);
      case 'excluded':
        return this.#context.onItem?.({ type: 'item', action: 'excluded', item: pathText(event.path), sizeBytes: 0 });
      case 'skipped':
        if (event.reason === 'vanished') this.#fail(event.path, vanished(event.path));
        return;
      case 'error':
        return this.#fail(event.path, event.error);
    }
  }

  async #enter(metadata: FileMetadata): Promise<void> {
    const { builder } = this.#context;
    const previous = builder.previousNode(this.#folder, metadata.name);
    const isFolder = previous?.type === 'dir' && previous.subtree !== undefined;
    const previousTree = isFolder ? await loadPrevious(this.#context, previous.subtree) : undefined;
    this.#folder = builder.enter(this.#folder, nodeOf(metadata, undefined), previous, previousTree);
  }

  #leave(): void {
    const folder = this.#folder;
    if (folder.parent === undefined)
      throw new FortFailError({ kind: 'bug', code: 'walk-order', message: 'unable to leave the root folder' });
    this.#folder = folder.parent;
    this.#context.builder.leave(folder);
  }

  #entry(path: Buffer, metadata: FileMetadata): void {
    const { builder, batches, rule } = this.#context;
    const folder = this.#folder;
    const previous = builder.previousNode(folder, metadata.name);
    const node = nodeOf(metadata, undefined);
    if (metadata.type !== 'file') {
      builder.add(folder, node, previous);
      return;
    }
    if (isUnchangedFile(node, previous, rule) && this.#isStored(previous, path)) {
      builder.add(folder, nodeOf(metadata, previous.content), previous);
      return;
    }
    const slot = builder.reserve(folder);
    batches.add({
      path,
      sizeBytes: Number(metadata.size),
      done: (result) => {
        if (result instanceof Error) {
          this.#fail(path, result);
          builder.settle(folder, slot, undefined, previous);
        } else {
          const stored = { ...nodeOf(metadata, result.content), size: BigInt(result.sizeBytes) };
          builder.settle(folder, slot, stored, previous);
        }
      },
    });
  }

  /** A file is taken over from the parent only when all of it can still be read; else it is stored again. */
  #isStored(previous: TreeNode, path: Buffer): boolean {
    const { repository, logger } = this.#context;
    const missing = previous.content?.find((id) => !repository.index.has('data', Buffer.from(id, 'hex')));
    if (missing === undefined) return true;
    logger.warn({ path: pathText(path), blob: missing }, 'a blob of an unchanged file is missing, the file is read again');
    return false;
  }

  #fail(path: Buffer, error: unknown): void {
    this.#context.failures.add({ item: pathText(path), during: 'archival', error: toErrorRecord(error) });
  }
}

/** A folder of the parent snapshot; one that cannot be read only costs reading more of the source. */
export async function loadPrevious(
  context: Pick<ScanContext, 'repository' | 'logger'>,
  id: string | undefined,
): Promise<PreviousTree | undefined> {
  if (id === undefined) return undefined;
  try {
    return { id, nodes: (await context.repository.loadTree(id)).nodes };
  } catch (error) {
    context.logger.warn(
      { tree: id, error: toErrorRecord(error) },
      'a tree of the parent snapshot cannot be read, its files are read again',
    );
    return undefined;
  }
}

function nodeOf(metadata: FileMetadata, content: TreeNodeDraft['content']): TreeNodeDraft {
  const { name, type, mode, mtimeNs, atimeNs, ctimeNs, uid, gid, user, group, inode, deviceId, size, links, linkTarget, xattrs, device } =
    metadata;
  return {
    name,
    type,
    mode,
    mtimeNs,
    atimeNs,
    ctimeNs,
    uid,
    gid,
    user,
    group,
    inode,
    deviceId,
    size,
    links,
    linkTarget,
    xattrs,
    genericAttributes: undefined,
    device,
    content,
    subtree: undefined,
    error: '',
  };
}

function vanished(path: Buffer): FortFailError {
  return new FortFailError({
    kind: 'incomplete',
    code: 'vanished',
    message: `unable to read '${pathText(path)}', it vanished during the backup`,
  });
}
