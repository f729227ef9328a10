import { listTree } from '@fortfail/engine';
import type { AgentQuestion, FileListing } from '@fortfail/protocol';
import type { RepositoryShelf } from '../repositories/repository-shelf.ts';
import { findShown } from './entry-path.ts';
import { entryOf } from './file-entry.ts';

type ListFiles = Extract<AgentQuestion, { method: 'list-files' }>;
/** The listing without the restore point's id, which only the orchestrator knows. */
export type ListedFiles = Omit<FileListing, 'restorePointId'>;

/** One page of a folder of a snapshot. */
export async function listFiles(question: ListFiles, shelf: RepositoryShelf): Promise<ListedFiles> {
  return await shelf.browse(question.repository, async (repository) => {
    const snapshot = await repository.findSnapshot(question.snapshot);
    const { path, cursor, limit } = question;
    const page = await findShown(path, (stored) => listTree(repository, snapshot, stored, { cursor: cursor ?? undefined, limit }));
    const entries = page.nodes.map((node) => entryOf(question.path, node));
    return { path: question.path, entries, nextCursor: page.nextCursor ?? null };
  });
}
