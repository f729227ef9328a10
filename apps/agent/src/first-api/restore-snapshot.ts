import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, FortFailError, formatBytes } from '@fortfail/base';
import { fileError, isMissing, removeTree, syncFolder, systemErrorCode } from '@fortfail/source';
import { type Extraction, extractArchive } from '../archive/extract-archive.ts';
import { makePrivateFolder } from '../durable-file.ts';
import { freeBytesAt } from '../free-space.ts';
import type { AgentMemory } from './agent-memory.ts';
import { downloadObject } from './download-object.ts';
import type { OrchestratorClient } from './orchestrator-client.ts';
import type { JournalEntry, Report, RestoreJournal } from './restore-journal.ts';

export interface RestoreParts {
  readonly client: OrchestratorClient;
  readonly memory: AgentMemory;
  readonly journal: RestoreJournal;
  readonly clock: Clock;
  readonly restoreDir: string;
  readonly workFolder: string;
  readonly isRoot: boolean;
}

/** What a command asks for. */
export type RestoreOrder = Pick<JournalEntry, 'commandId' | 'snapshotId' | 'jobId'>;

const stagePrefix = '.fortfail-first-api-';
const mostNames = 1000;

/**
 * Restores a snapshot into a folder of its own below the restore folder: downloaded, verified, then extracted beside its
 * place and renamed, so that nothing half-written is ever seen there. A folder of that name with something in it stays as it
 * is, and the restore gets `-2` and so on. A command that was done already answers what it answered.
 */
export async function restoreSnapshot(parts: RestoreParts, order: RestoreOrder, signal: AbortSignal): Promise<Report> {
  const { journal, restoreDir, workFolder } = parts;
  const { commandId, snapshotId } = order;
  const name = folderName(snapshotId);
  const before = await journal.find(commandId);
  if (before !== undefined) {
    if (isPublished(before) && before.publish !== null) return before.publish.report;
    removeTree(Buffer.from(before.stage));
  }
  await makeRestoreFolder(restoreDir);
  const stage = join(restoreDir, `${stagePrefix}${randomBytes(8).toString('hex')}`);
  await journal.write({ ...order, stage, publish: null });
  const object = join(workFolder, 'object');
  const startedMs = parts.clock.monotonicMs();
  try {
    await rm(object, { force: true });
    const bytes = await downloadObject({ ...parts, snapshotId, into: object, ownSum: parts.memory.sumOf(snapshotId), signal });
    await requireRoom(restoreDir, bytes);
    await mkdir(stage, { mode: 0o700 });
    const options = { archive: object, into: Buffer.from(stage), keepsOwners: parts.isRoot, signal };
    const extraction = await extractArchive(options);
    const seconds = Math.round(parts.clock.monotonicMs() - startedMs) / 1000;
    return await publish(parts, { order, stage, name, report: (path) => reportOf(path, extraction, seconds) });
  } catch (error) {
    removeTree(Buffer.from(stage));
    // What was only interrupted stays noted, and the next life takes it up.
    if (signal.aborted) throw signal.reason;
    await journal.forget(commandId);
    throw systemErrorCode(error) === undefined ? error : fileError(error, 'restore into', Buffer.from(restoreDir));
  } finally {
    await rm(object, { force: true });
  }
}

/** Removes what a killed process left of restores that never got their names. */
export async function clearStages(journal: RestoreJournal): Promise<void> {
  for (const entry of await journal.all()) if (!isPublished(entry)) removeTree(Buffer.from(entry.stage));
}

/** An id is anything; a folder's name is not. */
function folderName(snapshotId: string): string {
  const isName =
    snapshotId !== '' &&
    snapshotId !== '.' &&
    snapshotId !== '..' &&
    !/[/\p{Cc}]/u.test(snapshotId) &&
    !snapshotId.startsWith(stagePrefix) &&
    Buffer.byteLength(snapshotId) <= 240;
  if (isName) return snapshotId;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'snapshot-id',
    message: `unable to restore snapshot '${snapshotId.replace(/\p{Cc}/gu, ' ').slice(0, 100)}': its id cannot be a folder's name`,
    hint: 'Register the snapshot under another id.',
  });
}

function isPublished({ publish }: JournalEntry): boolean {
  if (publish === null) return false;
  try {
    const { dev, ino } = lstatSync(publish.path, { bigint: true });
    return String(dev) === publish.device && String(ino) === publish.inode;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function makeRestoreFolder(restoreDir: string): Promise<void> {
  try {
    await makePrivateFolder(restoreDir);
  } catch (error) {
    throw fileError(error, 'make restore folder', Buffer.from(restoreDir));
  }
}

async function requireRoom(restoreDir: string, archiveBytes: number): Promise<void> {
  const free = await freeBytesAt(restoreDir);
  if (free > archiveBytes) return;
  const message = `unable to restore into '${restoreDir}', the archive alone has ${formatBytes(archiveBytes)} and ${formatBytes(free)} are free`;
  throw new FortFailError({ kind: 'no-space', code: 'restore-no-space', message, hint: 'Free space there, or set RESTORE_DIR.' });
}

interface Publication {
  readonly order: RestoreOrder;
  readonly stage: string;
  readonly name: string;
  readonly report: (path: string) => Report;
}

/** Gives the finished folder its name: one that is free, or whose folder is empty. What it is about to do is noted before. */
async function publish({ journal, restoreDir }: RestoreParts, { order, stage, name, report }: Publication): Promise<Report> {
  const { dev, ino } = lstatSync(stage, { bigint: true });
  for (let count = 1; count <= mostNames; count += 1) {
    const path = join(restoreDir, count === 1 ? name : `${name}-${count}`);
    if (isTaken(path)) continue;
    const told = report(path);
    await journal.write({ ...order, stage, publish: { path, device: String(dev), inode: String(ino), report: told } });
    try {
      // Takes the place of nothing or of an empty folder, never of anything else.
      renameSync(stage, path);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(systemErrorCode(error) ?? '')) continue;
      throw error;
    }
    syncFolder(Buffer.from(dirname(path)));
    return told;
  }
  const message = `unable to restore into '${join(restoreDir, name)}': it and its next ${mostNames} names are taken`;
  throw new FortFailError({ kind: 'conflict', code: 'names-taken', message, hint: 'Remove some of these folders.' });
}

function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

function reportOf(path: string, extraction: Extraction, seconds: number): Report {
  const { files, folders, links, bytes, leftOut, leftOutCount, caseClashes } = extraction;
  const metadata = {
    restore_path: path,
    files,
    folders,
    links,
    bytes,
    seconds,
    verified: 'sha256',
    ...(leftOutCount === 0 ? {} : { left_out_count: leftOutCount, left_out: told(leftOut.map((one) => `${one.path}: ${one.why}`)) }),
    ...(caseClashes.length === 0 ? {} : { case_clashes: told(caseClashes) }),
  };
  const missing = leftOutCount === 0 ? '' : `, ${leftOutCount} left out`;
  return { message: `restored ${files} files to ${path}${missing}`, metadata };
}

/** As much of a list as fits into an event. */
function told(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const line of lines) {
    characters += line.length;
    if (characters > 8000) break;
    kept.push(line);
  }
  return kept;
}
