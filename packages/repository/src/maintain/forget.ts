import { asFortFailError, FortFailError, isFortFailError } from '@fortfail/base';
import { listAll } from '@fortfail/storage';
import type { DocumentStore } from '../document-store.ts';
import { DocumentFields } from '../format/document-fields.ts';
import { decodeSnapshot } from '../format/snapshot.ts';
import { removeLock } from '../lock/held-lock.ts';
import type { Repository } from '../repository.ts';
import type { Session } from '../session/lock-session.ts';
import { publishDocument } from '../session/staged-document.ts';
import { walkTrees } from '../session/tree-walk.ts';

/** What forgetting did; each id asked for is in exactly one list. */
export interface ForgetOutcome {
  /** Now in the trash, or removed where the storage has none. */
  readonly forgotten: readonly string[];
  /** Kept by a person's hold. */
  readonly held: readonly string[];
  /** Kept by the storage. */
  readonly retained: readonly string[];
  /** Not there (any more). */
  readonly missing: readonly string[];
}

export interface ForgetOptions {
  /** The keeper's session, when the caller decided under it; else one is taken for this call. */
  readonly session?: Session | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Snapshots that a person holds. */
async function heldSnapshots(documents: DocumentStore): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  if (!documents.backend.properties.hasMove) return held;
  for (const { name } of await listAll(documents.backend, 'hold')) {
    held.add(new DocumentFields(`hold '${name}'`, await documents.load('hold', name)).id('snapshot'));
  }
  return held;
}

async function moveToTrash(documents: DocumentStore, id: string): Promise<'forgotten' | 'retained' | 'missing'> {
  const { backend } = documents;
  try {
    // A seal of the same name would let a writer that slept put the snapshot back.
    await removeLock(documents, id);
    if (backend.move === undefined || !backend.properties.hasMove) await backend.remove({ type: 'snapshot', name: id });
    else await backend.move({ type: 'snapshot', name: id }, { type: 'trash', name: id });
    return 'forgotten';
  } catch (error) {
    if (isFortFailError(error, 'not-found')) return 'missing';
    if (isFortFailError(error, 'retained') || isFortFailError(error, 'denied')) return 'retained';
    if (!isFortFailError(error, 'conflict')) throw error;
    // Forgotten before, brought back and forgotten again: the trash has these very bytes already.
    await backend.remove({ type: 'snapshot', name: id });
    return 'forgotten';
  }
}

/**
 * Moves snapshots to the trash under the keeper's lock. What is held or retained stays and is named. Throws
 * `repository-locked`. Nothing of their data is removed.
 */
export async function forgetSnapshots(repository: Repository, ids: readonly string[], options: ForgetOptions = {}): Promise<ForgetOutcome> {
  if (options.session === undefined) {
    await using session = await repository.lockExclusive('keeper', { signal: options.signal });
    return await forgetSnapshots(repository, ids, { ...options, session });
  }
  const { documents } = repository;
  const outcome = { forgotten: [] as string[], held: [] as string[], retained: [] as string[], missing: [] as string[] };
  const held = await heldSnapshots(documents);
  for (const id of ids) {
    options.session.signal.throwIfAborted();
    if (held.has(id)) outcome.held.push(id);
    else outcome[await moveToTrash(documents, id)].push(id);
  }
  return outcome;
}

/**
 * Brings a forgotten snapshot back, after every blob below it was found in the index. The document keeps its bytes, and
 * hence its id. Throws `not-found`, and `damaged` naming how many blobs are gone.
 */
export async function undeleteSnapshot(repository: Repository, id: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  const { documents } = repository;
  const stored = await repository.backend.get({ type: 'trash', name: id });
  const snapshot = decodeSnapshot(id, await documents.load('trash', id));
  await using session = await repository.beginWriter(options);
  await publishDocument(documents, 'snapshot', { name: id, stored: Buffer.from(stored) }, async () => {
    await session.requireHeld();
    const lost = await countLostBlobs(repository, snapshot.tree, session.signal);
    if (lost > 0) {
      throw new FortFailError({
        kind: 'damaged',
        code: 'blobs-gone',
        message: `unable to bring back snapshot '${id.slice(0, 8)}', ${lost} blobs of it are gone`,
      });
    }
  });
  await removeFromTrash(repository, id);
}

async function removeFromTrash(repository: Repository, id: string): Promise<void> {
  try {
    await repository.backend.remove({ type: 'trash', name: id });
  } catch (error) {
    // It is back; that the trash has it too is harmless.
    repository.logger.warn({ snapshotId: id, errCode: asFortFailError(error).code }, 'snapshot could not be removed from the trash');
  }
}

async function countLostBlobs(repository: Repository, root: string, signal: AbortSignal): Promise<number> {
  let lost = 0;
  const { connections } = repository.backend.properties;
  const onUnreadable = (): void => {
    lost += 1;
  };
  await walkTrees(
    repository,
    [root],
    (_, tree) => {
      for (const node of tree.nodes) {
        for (const id of node.content ?? []) if (!repository.index.has('data', Buffer.from(id, 'hex'))) lost += 1;
      }
    },
    { connections, signal, onUnreadable },
  );
  return lost;
}
