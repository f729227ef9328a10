import { isFortFailError } from '@fortfail/base';
import type { DocumentStore, DocumentType, SealedDocument } from '../document-store.ts';
import { fenced, removeLock } from '../lock/held-lock.ts';

/** Tries of a move whose answer got lost, while the document still waits. */
const mostTries = 3;

async function exists(documents: DocumentStore, type: DocumentType, name: string): Promise<boolean> {
  try {
    await documents.backend.stat({ type, name });
    return true;
  } catch (error) {
    if (isFortFailError(error, 'not-found')) return false;
    throw error;
  }
}

/**
 * Publishes a document: born in `locks/`, where whoever removes it stops us for good, and moved to its place after
 * `recheck` found nothing against it. Where the storage has no move it is put in place right after the check. Throws
 * `conflict`/`fenced` when it was taken away. Answers with its name.
 */
export async function publishDocument(
  documents: DocumentStore,
  type: 'snapshot' | 'index',
  sealed: SealedDocument,
  recheck: () => Promise<void>,
): Promise<string> {
  const { name, stored } = sealed;
  if (!documents.backend.properties.hasMove) {
    await recheck();
    await documents.backend.put({ type, name }, stored);
    return name;
  }
  await documents.backend.put({ type: 'lock', name }, stored);
  try {
    await recheck();
    await moveIntoPlace(documents, type, name);
    return name;
  } catch (error) {
    await removeSeal(documents, name, error);
    throw error;
  }
}

/** Takes back what was not published. When even that fails the first failure counts; `unlock` removes the rest. */
async function removeSeal(documents: DocumentStore, name: string, reason: unknown): Promise<void> {
  try {
    await removeLock(documents, name);
  } catch {
    throw reason;
  }
}

async function moveIntoPlace(documents: DocumentStore, type: 'snapshot' | 'index', name: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await documents.backend.move?.({ type: 'lock', name }, { type, name });
      return;
    } catch (error) {
      // The move may have happened although its answer was lost.
      if (await exists(documents, type, name)) return;
      if (!(await exists(documents, 'lock', name))) throw fenced(`its ${type} document was removed before it was in place`);
      if (tries >= mostTries) throw error;
    }
  }
}
