import { cp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError, formatBytes } from '@fortfail/base';
import { type BackupSummary, backup } from '@fortfail/engine';
import type { JobResult } from '@fortfail/protocol';
import type { Repository, Snapshot } from '@fortfail/repository';
import { stageConfig } from '@fortfail/source';
import { parseLocation } from '@fortfail/storage';
import { errnoOf } from '../durable-file.ts';
import { counted } from './counted.ts';
import { hearEngine, incomplete } from './engine-events.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';
import { ProgressMeter } from './progress-meter.ts';

type Figures = NonNullable<Extract<JobResult, { kind: 'backup' }>['found']>[number];

/** Backs up a plan's source into its repository. What could not be read makes the point partial, named line by line. */
export async function backUp(payload: PayloadOf<'backup'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { config, clock, logger, shelf, programVersion } = parts;
  const meter = new ProgressMeter(clock, 'backup');
  const { targets, excludes } = await sourceOf(payload, parts);
  voice.signal.throwIfAborted();
  const { summary, found } = await shelf.use(payload.repository, async (repository) => {
    const summary = await backup(repository, {
      targets,
      exclude: { patterns: excludes },
      hostname: config.hostname,
      username: config.username,
      tags: payload.tags,
      programVersion,
      clock,
      logger,
      signal: voice.signal,
      onEvent: hearEngine(voice, meter),
    });
    return { summary, found: await untold(repository, payload, summary, voice) };
  });
  return endOf(summary, targets, config.hostname, found);
}

/** Snapshots named in one result: more would be another fault than a lost outcome. */
const mostFound = 100;

/** Snapshots of the plan that an earlier attempt made and could not tell of. What cannot be listed now waits for the next backup. */
async function untold(
  repository: Repository,
  { since, tags }: PayloadOf<'backup'>,
  { snapshotId }: BackupSummary,
  voice: JobVoice,
): Promise<Figures[]> {
  if (since === undefined) return [];
  const sinceNs = BigInt(Date.parse(since)) * 1_000_000n;
  const there = await repository.listSnapshots({ onUnreadable: () => undefined });
  const found = there
    .filter((one) => one.id !== snapshotId && one.timeNs > sinceNs && tags.every((tag) => one.tags.includes(tag)))
    .slice(-mostFound)
    .map(figuresOf);
  for (const { snapshot } of found) voice.log('info', 'an earlier attempt made this snapshot', snapshot);
  return found;
}

function figuresOf({ id, timeNs, hostname, paths, summary }: Snapshot): Figures {
  const begun = Date.parse(summary?.backupStart ?? '');
  const ended = Date.parse(summary?.backupEnd ?? '');
  return {
    snapshot: id,
    time: new Date(Number(timeNs / 1_000_000n)).toISOString(),
    hostname,
    paths: [...paths],
    files: summary?.totalFilesProcessed ?? 0,
    directories: summary === undefined ? 0 : summary.dirsNew + summary.dirsChanged + summary.dirsUnmodified,
    bytes: summary?.totalBytesProcessed ?? 0,
    addedBytes: summary?.dataAdded ?? 0,
    storedBytes: summary?.dataAddedPacked ?? 0,
    errors: 0,
    tookSeconds: ended > begun ? (ended - begun) / 1000 : 0,
  };
}

async function sourceOf(payload: PayloadOf<'backup'>, parts: JobParts): Promise<{ targets: string[]; excludes: string[] }> {
  const { source, catalogCopy } = payload;
  const { dataFolder, auditLog, catalogCopies, scratchRoot } = parts.config;
  if (source.kind === 'files') {
    // A repository within its own source would grow by itself with each backup; scratch and sockets are nothing to keep.
    const own = [parseLocation(payload.repository.location).path, scratchRoot, join(dataFolder, 'run')];
    return { targets: source.paths, excludes: [...source.excludes, ...own.map(literal)] };
  }
  if (catalogCopy === undefined) {
    await requireCatalog(join(dataFolder, 'catalog.db'));
    const stage = await stageConfig({ dataFolder, auditLog });
    return { targets: [stage.folder], excludes: [] };
  }
  const copy = join(catalogCopies, catalogCopy);
  await requireCatalog(join(copy, 'manifest.json'));
  const stage = await stageConfig({ dataFolder, auditLog, exportDatabase: (folder) => cp(copy, folder, { recursive: true }) });
  await rm(copy, { recursive: true, force: true });
  return { targets: [stage.folder], excludes: [] };
}

/** Characters that a pattern would take for more than themselves. */
function literal(path: string): string {
  return path.replaceAll(/[\\*?[\]]/g, '\\$&');
}

/** Configuration without the catalog would be called complete and could not rebuild anything. */
async function requireCatalog(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    const message = `unable to back up FortFail itself, there is no catalog at '${path}'`;
    const hint = 'Orchestrator and agent must work in the same data folder.';
    throw new FortFailError({ kind: 'not-found', code: 'catalog-missing', message, hint, cause: error });
  }
}

function endOf(summary: BackupSummary, targets: readonly string[], hostname: string, found: Figures[]): JobEnd {
  if (summary.snapshotId === undefined) {
    throw new FortFailError({ kind: 'bug', code: 'no-snapshot', message: 'unable to tell which snapshot the backup made' });
  }
  const result = {
    kind: 'backup' as const,
    snapshot: summary.snapshotId,
    time: summary.backupStart.toISOString(),
    hostname,
    paths: [...targets],
    files: summary.totalFilesProcessed,
    directories: summary.dirsNew + summary.dirsChanged + summary.dirsUnmodified,
    bytes: summary.totalBytesProcessed,
    addedBytes: summary.dataAdded,
    storedBytes: summary.dataAddedPacked,
    errors: summary.errorCount,
    tookSeconds: summary.totalDurationSeconds,
    ...(found.length === 0 ? {} : { found }),
  };
  const held = `${counted(result.files, 'file')}, ${formatBytes(result.bytes)}; ${formatBytes(result.storedBytes)} newly stored`;
  if (!summary.partial) return { status: 'succeeded', result, summary: `Backed up ${held}.` };
  const error = incomplete(summary.errorCount, 'read');
  return { status: 'partial', result, error, summary: `Backed up in part: ${held}; ${error.message}.` };
}
