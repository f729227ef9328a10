import { cp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError, formatBytes } from '@fortfail/base';
import { type BackupSummary, backup } from '@fortfail/engine';
import { stageConfig } from '@fortfail/source';
import { errnoOf } from '../durable-file.ts';
import { counted } from './counted.ts';
import { hearEngine, incomplete } from './engine-events.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';
import { ProgressMeter } from './progress-meter.ts';

/** Backs up a plan's source into its repository. What could not be read makes the point partial, named line by line. */
export async function backUp(payload: PayloadOf<'backup'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { config, clock, logger, shelf, programVersion } = parts;
  const meter = new ProgressMeter(clock, 'backup');
  const { targets, excludes } = await sourceOf(payload, parts);
  voice.signal.throwIfAborted();
  const summary = await shelf.use(payload.repository, (repository) =>
    backup(repository, {
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
    }),
  );
  return endOf(summary, targets, config.hostname);
}

async function sourceOf(payload: PayloadOf<'backup'>, parts: JobParts): Promise<{ targets: string[]; excludes: string[] }> {
  const { source, catalogCopy } = payload;
  if (source.kind === 'files') return { targets: source.paths, excludes: source.excludes };
  const { dataFolder, auditLog, catalogCopies } = parts.config;
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

function endOf(summary: BackupSummary, targets: readonly string[], hostname: string): JobEnd {
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
  };
  const held = `${counted(result.files, 'file')}, ${formatBytes(result.bytes)}; ${formatBytes(result.storedBytes)} newly stored`;
  if (!summary.partial) return { status: 'succeeded', result, summary: `Backed up ${held}.` };
  const error = incomplete(summary.errorCount, 'read');
  return { status: 'partial', result, error, summary: `Backed up in part: ${held}; ${error.message}.` };
}
