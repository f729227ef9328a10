import { dirname } from 'node:path/posix';
import { type Clock, FortFailError } from '@fortfail/base';
import { entryVersions, findByName, findEntry, readStart } from '@fortfail/engine';
import type { AgentQuestion, BrowseQuestion, FileEntry, FilePreview, FileVersions, FoundFiles } from '@fortfail/protocol';
import type { Repository, Snapshot, TreeNode } from '@fortfail/repository';
import type { RepositoryShelf } from '../repositories/repository-shelf.ts';
import { findShown, pathsShownAs, textOfName } from './entry-path.ts';
import { entryOf, instantOf } from './file-entry.ts';
import { type ListedFiles, listFiles } from './list-files.ts';

type Browse = Extract<AgentQuestion, { method: 'browse' }>;
type Ask<K extends BrowseQuestion['ask']> = Extract<BrowseQuestion, { ask: K }>;
/** What a look answers, by the question's kind. */
export type Look = ListedFiles | FoundFiles | FilePreview | FileVersions;

/** How much of an answer's text entries may take: pages end earlier when names are long. */
const mostEntryBytes = 1024 * 1024;
/** The site waits twice as long for an answer. */
const findForMs = 10_000;

export interface LookParts {
  readonly shelf: RepositoryShelf;
  readonly clock: Clock;
}

/** Answers a question about a snapshot, in plain. Whether the asker may know is judged before. Throws `not-found`. */
export async function look({ repository, snapshots, question }: Browse, parts: LookParts): Promise<Look> {
  const [snapshot = ''] = snapshots;
  if (question.ask === 'list') return await list(repository, snapshot, question, parts);
  return await parts.shelf.browse(repository, async (opened): Promise<Look> => {
    if (question.ask === 'versions') return await versions(opened, snapshots, question);
    const stored = await opened.findSnapshot(snapshot);
    return question.ask === 'find' ? await find(opened, stored, question, parts.clock) : await preview(opened, stored, question);
  });
}

async function list(repository: Browse['repository'], snapshot: string, question: Ask<'list'>, { shelf }: LookParts): Promise<ListedFiles> {
  const { path, cursor, limit } = question;
  const page = await listFiles({ method: 'list-files', repository, snapshot, path, cursor, limit }, shelf);
  const entries = fitting(page.entries);
  if (entries.length === page.entries.length) return page;
  return { ...page, entries, nextCursor: String(Number(cursor ?? 0) + entries.length) };
}

async function find(repository: Repository, snapshot: Snapshot, { text, limit }: Ask<'find'>, clock: Clock): Promise<FoundFiles> {
  const until = clock.monotonicMs() + findForMs;
  const found = await findByName(repository, snapshot, text, { limit, isEnough: () => clock.monotonicMs() >= until });
  const all = found.entries.map(({ path, node }) => entryOf(textOfPath(dirname(path.toString('latin1'))), node));
  const entries = fitting(all);
  return { entries, isCut: found.isCut || entries.length < all.length };
}

async function preview(repository: Repository, snapshot: Snapshot, { path, bytes }: Ask<'preview'>): Promise<FilePreview> {
  const node = await entryAt(repository, snapshot, path);
  const start = await readStart(repository, node, bytes);
  return { path, size: Number(node.size), bytes: start.bytes.toString('base64'), isCut: start.isCut };
}

async function entryAt(repository: Repository, snapshot: Snapshot, path: string): Promise<TreeNode> {
  const node = await findShown(path, (stored) => findEntry(repository, snapshot.tree, stored));
  if (node !== undefined) return node;
  throw new FortFailError({ kind: 'invalid-input', code: 'not-a-file', message: 'unable to read the root folder, only files have bytes' });
}

async function versions(repository: Repository, names: readonly string[], { path, points }: Ask<'versions'>): Promise<FileVersions> {
  if (names.length !== points.length)
    throw new FortFailError({ kind: 'invalid-input', code: 'points', message: 'unable to tell versions: points and snapshots differ' });
  const listed = await repository.listSnapshots({ onUnreadable: () => undefined });
  const byId = new Map(listed.map((snapshot) => [snapshot.id, snapshot]));
  // What was forgotten since the question was put is left out.
  const asked = names.flatMap((name, at) => {
    const snapshot = byId.get(name);
    return snapshot === undefined ? [] : [{ snapshot, restorePointId: points[at] ?? '' }];
  });
  const snapshots = asked.map(({ snapshot }) => snapshot);
  // A shown path may stand for two: a point may have either.
  const [found = [], others] = await Promise.all(pathsShownAs(path).map((stored) => entryVersions(repository, snapshots, stored)));
  const rows = asked.map(({ snapshot, restorePointId }, at) => {
    const version = found[at]?.node === undefined ? (others?.[at] ?? found[at]) : found[at];
    return {
      restorePointId,
      time: instantOf(snapshot.timeNs),
      entry: version?.node === undefined ? null : entryOf(dirname(path), version.node),
      content: version?.content ?? null,
    };
  });
  return { path, versions: rows };
}

/** A path as people see it: each name for itself. */
function textOfPath(path: string): string {
  return path
    .split('/')
    .map((name) => textOfName(Buffer.from(name, 'latin1')))
    .join('/');
}

/** The first entries, as many as an answer of bounded size holds; at least one. */
function fitting(entries: readonly FileEntry[]): FileEntry[] {
  let length = 0;
  const end = entries.findIndex((entry, at) => {
    length += Buffer.byteLength(JSON.stringify(entry)) + 1;
    return at > 0 && length > mostEntryBytes;
  });
  return end < 0 ? [...entries] : entries.slice(0, end);
}
