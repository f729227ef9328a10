import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { release, type as systemName } from 'node:os';
import { join } from 'node:path';
import { type Clock, formatBytes, type Logger } from '@fortfail/base';
import { type DrillReport, drill, type EngineEvent } from '@fortfail/engine';
import { formatMeasured } from '@fortfail/policy';
import { type DrillResult, runnerStatement } from '@fortfail/protocol';
import type { Snapshot } from '@fortfail/repository';
import { removeTree } from '@fortfail/source';
import { namespaces } from '@fortfail/trust';
import { requireSpace } from '../free-space.ts';
import { counted } from './counted.ts';
import { hearEngine } from './engine-events.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';
import { ProgressMeter } from './progress-meter.ts';

/** Differences that evidence names; their number is told in full. Long paths must not make a frame too large to send. */
const mostNamed = 500;

/**
 * Restores a point into scratch by the code of a person's restore and compares it with what was recorded. The repository is
 * opened for this drill alone, so that the measured time is that of somebody who begins with nothing open.
 */
export async function drillPoint(payload: PayloadOf<'drill'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { config, clock, logger, shelf, speed } = parts;
  const beganMs = clock.monotonicMs();
  // Named after the drill, so that a later agent knows it for a left-over of ours.
  const scratchRoot = join(config.scratchRoot, `${payload.drillId}-${randomBytes(4).toString('hex')}`);
  try {
    return await shelf.use(payload.repository, async (repository) => {
      const openSeconds = (clock.monotonicMs() - beganMs) / 1000;
      const snapshot = await repository.findSnapshot(payload.snapshot);
      await requireRoom(config.scratchRoot, snapshot);
      await mkdir(scratchRoot, { recursive: true, mode: 0o700 });
      const onEvent = hearDrill(voice, clock);
      const report = await drill(repository, { snapshot, scratchRoot, clock, openSeconds, logger, signal: voice.signal, onEvent });
      speed.measured(payload.repository.id, report.bytes, report.rtoSeconds);
      return endOf(report, parts, voice, payload.drillId);
    });
  } finally {
    clear(scratchRoot, logger);
  }
}

function clear(scratchRoot: string, logger: Logger): void {
  try {
    removeTree(Buffer.from(scratchRoot));
  } catch (err) {
    // The evidence stands; the next start of the agent tries again.
    logger.warn({ component: 'scratch', path: scratchRoot, err }, 'scratch folder of a drill not removed');
  }
}

/** Snapshots say how much they hold since restic 0.17; for older ones the engine looks before it writes. */
async function requireRoom(scratchRoot: string, { summary }: Snapshot): Promise<void> {
  if (summary === undefined) return;
  const entries = summary.totalFilesProcessed + summary.dirsNew + summary.dirsChanged + summary.dirsUnmodified;
  await requireSpace(scratchRoot, summary.totalBytesProcessed, entries, 'drill');
}

/** The engine restores with totals and compares without: where they vanish, the second part begins. */
function hearDrill(voice: JobVoice, clock: Clock): (event: EngineEvent) => void {
  const meter = new ProgressMeter(clock, 'restore');
  const hear = hearEngine(voice, meter);
  let totals: { totalFiles: number; totalBytes: number } | undefined;
  return (event) => {
    if (event.type !== 'progress') return hear(event);
    const { totalFiles, totalBytes } = event;
    if (totalFiles !== undefined && totalBytes !== undefined) {
      totals = { totalFiles, totalBytes };
      return hear(event);
    }
    if (totals !== undefined) meter.enter('compare');
    return hear({ ...event, totalBytes: totals?.totalBytes });
  };
}

function endOf(report: DrillReport, { config, programVersion, self }: JobParts, voice: JobVoice, drillId: string): JobEnd {
  const { differences, differenceCount } = report;
  for (const { path, what, expected, found } of differences.slice(0, 100)) {
    voice.log('error', `${what}: expected ${expected}, found ${found}`, path);
  }
  const found: DrillResult = {
    kind: 'drill',
    outcome: report.outcome,
    files: report.files,
    directories: report.directories,
    bytes: report.bytes,
    comparedBytes: report.comparedBytes,
    comparedEntries: report.comparedEntries,
    rtoSeconds: report.rtoSeconds,
    phases: report.phases.map((phase) => ({ ...phase })),
    differences: differences.slice(0, mostNamed).map((difference) => ({ ...difference })),
    differenceCount,
    asserted: [...report.asserted],
    notTested: [...report.notTested],
    scratch: report.scratch,
    host: config.hostname,
    versions: { fortfail: programVersion.replace(/^fortfail /, ''), node: process.versions.node, [systemName().toLowerCase()]: release() },
    startedAt: report.startedAt.toISOString(),
    endedAt: report.endedAt.toISOString(),
  };
  const text = runnerStatement(drillId, voice.jobId, self.agentId(), found);
  const result = { ...found, signed: { text, signature: self.keys.signing.sign(text, namespaces.evidence) } };
  const took = `${counted(report.files, 'file')}, ${formatBytes(report.bytes)}, came back in ${formatMeasured(report.rtoSeconds)}`;
  if (report.outcome === 'passed') return { status: 'succeeded', result, summary: `Drill passed: ${took}, all as recorded.` };
  const count = counted(differenceCount, 'difference');
  const first = differences[0] === undefined ? '' : `: ${differences[0].path} (${differences[0].what})`;
  // Without an error record: the evidence says what is wrong, and trying again at once would only hide it.
  return { status: 'failed', result, summary: `Drill failed: ${took}, with ${count}${first}.` };
}
