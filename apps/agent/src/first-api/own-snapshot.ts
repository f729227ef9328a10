import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, FortFailError, isFortFailError, type Logger } from '@fortfail/base';
import { type WrittenArchive, writeArchive } from '../archive/write-archive.ts';
import { errnoOf } from '../durable-file.ts';
import type { AgentMemory } from './agent-memory.ts';
import type { OrchestratorClient } from './orchestrator-client.ts';

export interface SnapshotParts {
  readonly client: OrchestratorClient;
  readonly memory: AgentMemory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly backupDir: string;
  /** Where the archive is written before it is sent; left out of every snapshot with all else of this agent. */
  readonly workFolder: string;
  readonly ownFolders: readonly string[];
}

/** The most that the first API takes. */
const mostBytes = 10 * 1024 ** 3;
/** What may be told of unreadable files: metadata is 64 KiB at most. */
const mostToldCharacters = 16_000;
const firstPauseMs = 30_000;
const longestPauseMs = 5 * 60_000;

/**
 * One snapshot of the backup folder, made and delivered: registered, then uploaded by presigned URL, or as a form when there
 * is none. While the orchestrator is away it is tried again and again. A folder that is missing or empty needs none.
 */
export async function deliverSnapshot(parts: SnapshotParts, signal: AbortSignal): Promise<void> {
  const { backupDir, logger, memory } = parts;
  if (!(await hasSomething(backupDir))) {
    logger.info({ component: 'first-api', backupDir }, 'nothing to take a snapshot of');
    return;
  }
  const id = `snapshot-${memory.agentId}-${Math.floor(parts.clock.now().getTime() / 1000)}`;
  const archive = join(parts.workFolder, 'snapshot.tar');
  await rm(archive, { force: true });
  try {
    const options = { folder: backupDir, into: archive, leaveOut: parts.ownFolders, mostBytes, signal };
    const written = await writeArchive(options);
    await memory.keepSum(id, written.sha256);
    await deliver(parts, id, archive, written, signal);
    logger.info({ component: 'first-api', snapshotId: id, bytes: written.sizeBytes, notRead: written.notReadCount }, 'snapshot delivered');
    if (written.notReadCount > 0) await tell(parts, id, 'backup_partial', partialMessage(written), metadataOf(parts, written), signal);
  } catch (err) {
    if (signal.aborted) return;
    logger.error({ component: 'first-api', snapshotId: id, err }, 'snapshot not delivered');
    const message = err instanceof FortFailError ? err.message : `unable to take a snapshot of '${backupDir}'`;
    await tell(parts, id, 'backup_failed', message, { backup_path: backupDir }, signal);
  } finally {
    await rm(archive, { force: true });
  }
}

async function hasSomething(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw new FortFailError({
      kind: 'denied',
      code: 'backup-dir',
      message: `unable to list BACKUP_DIR '${folder}': the system says ${errnoOf(error) ?? 'no'}`,
      hint: 'Name a folder that the agent may read, or none.',
      cause: error,
    });
  }
}

async function deliver(parts: SnapshotParts, id: string, path: string, written: WrittenArchive, signal: AbortSignal): Promise<void> {
  const { client, clock, logger } = parts;
  const registration = { id, checksum: written.sha256, size: written.sizeBytes, metadata: metadataOf(parts, written) };
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      await send(client, registration, { path, sizeBytes: written.sizeBytes }, logger, signal);
      return;
    } catch (err) {
      if (signal.aborted || !isFortFailError(err, 'unavailable')) throw err;
      logger.warn({ component: 'first-api', snapshotId: id, err, pauseMs }, 'snapshot waits for the orchestrator');
    }
    await clock.sleep(pauseMs, signal);
  }
}

async function send(
  client: OrchestratorClient,
  registration: Parameters<OrchestratorClient['register']>[0],
  file: { readonly path: string; readonly sizeBytes: number },
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { presignedUrl } = await client.register(registration, signal);
  if (presignedUrl !== undefined) {
    try {
      await client.put(presignedUrl, file, registration.checksum, signal);
      await client.complete(registration.id, signal);
      return;
    } catch (err) {
      if (signal.aborted) throw err;
      // Its host may be one that only the orchestrator can reach.
      logger.warn({ component: 'first-api', snapshotId: registration.id, err }, 'presigned upload failed, uploading as a form');
    }
  }
  await client.upload(registration.id, file, signal);
}

function metadataOf({ backupDir }: SnapshotParts, written: WrittenArchive): Record<string, unknown> {
  const isComplete = written.notReadCount === 0;
  const { files, folders, bytes, notReadCount } = written;
  const counts = { backup_path: backupDir, complete: isComplete, files, folders, bytes };
  if (isComplete) return counts;
  const unreadable: string[] = [];
  let characters = 0;
  for (const { path } of written.notRead) {
    characters += path.length;
    if (characters > mostToldCharacters) break;
    unreadable.push(path);
  }
  return { ...counts, unreadable_count: notReadCount, unreadable };
}

function partialMessage(written: WrittenArchive): string {
  const [first] = written.notRead;
  const others = written.notReadCount > 1 ? ` and ${written.notReadCount - 1} more` : '';
  return `snapshot is partial: unable to read '${first?.path ?? ''}'${others}`;
}

/** Tells the orchestrator; that it cannot be told is only noted, the snapshot itself is what counts. */
async function tell(
  { client, logger }: SnapshotParts,
  snapshotId: string,
  eventType: string,
  message: string,
  metadata: Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.report({ snapshot_id: snapshotId, event_type: eventType, message, metadata }, signal);
  } catch (err) {
    if (!signal.aborted) logger.warn({ component: 'first-api', snapshotId, err }, 'event not delivered');
  }
}
