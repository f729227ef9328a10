import { FortFailError, formatBytes } from '@fortfail/base';
import { applyRestore, type PhaseTime, proposeRestore, type RestoreReport } from '@fortfail/engine';
import { formatMeasured } from '@fortfail/policy';
import { freeBytesAt, requireSpace } from '../free-space.ts';
import { quotaBytes } from '../policy/host-policy.ts';
import { counted } from './counted.ts';
import { hearEngine, incomplete } from './engine-events.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';
import { ProgressMeter } from './progress-meter.ts';
import { restoreRequest } from './restore-request.ts';
import { requireElsewhere, requireFresh } from './restore-target.ts';

/**
 * Does what a person said yes to: computes the proposal anew and goes on only when its digest is the one that was shown.
 * The measured time is from the order to the tree in its place, opening the repository included.
 */
export async function applyRestoreJob(payload: PayloadOf<'apply-restore'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { clock, logger, shelf, speed } = parts;
  const meter = new ProgressMeter(clock, 'restore');
  const beganMs = clock.monotonicMs();
  const since = (ms: number): number => (clock.monotonicMs() - ms) / 1000;
  await requireElsewhere(payload.target, payload.repository, parts);
  await requireFresh(payload.target);
  return await shelf.use(payload.repository, async (repository) => {
    const request = await restoreRequest(repository, payload);
    const open: PhaseTime = { name: 'open', seconds: since(beganMs) };
    const planMs = clock.monotonicMs();
    const context = { clock, logger, signal: voice.signal, onEvent: hearEngine(voice, meter) };
    const proposal = await proposeRestore(repository, request, context);
    if (proposal.digest !== payload.digest) throw stale();
    await requireQuota(payload.target, proposal.bytes, (await parts.policy()).restore_quota);
    await requireSpace(payload.target, proposal.bytes, proposal.files + proposal.directories, 'restore');
    const plan: PhaseTime = { name: 'plan', seconds: since(planMs) };
    const report = await applyRestore(repository, request, proposal, { ...context, verify: true });
    const rtoSeconds = open.seconds + plan.seconds + report.seconds;
    speed.measured(payload.repository.id, report.bytes, rtoSeconds);
    return endOf(report, addPhases([open, plan, ...report.phases]), rtoSeconds);
  });
}

/** The host's owner says how much of its room an orchestrator may fill. */
async function requireQuota(target: string, bytes: number, quota: string): Promise<void> {
  const most = quotaBytes(quota, await freeBytesAt(target));
  if (bytes <= most) return;
  throw new FortFailError({
    kind: 'denied',
    code: 'restore-quota',
    message: `unable to restore ${formatBytes(bytes)} into '${target}', the policy of this host allows ${formatBytes(most)} (${quota})`,
    hint: 'Restore fewer paths, free space, or raise restore_quota in the policy of that host.',
  });
}

/** Parts of one name are one part. */
function addPhases(phases: readonly PhaseTime[]): PhaseTime[] {
  const seconds = new Map<PhaseTime['name'], number>();
  for (const phase of phases) seconds.set(phase.name, (seconds.get(phase.name) ?? 0) + phase.seconds);
  return [...seconds].map(([name, sum]) => ({ name, seconds: sum }));
}

function endOf(found: RestoreReport, phases: PhaseTime[], rtoSeconds: number): JobEnd {
  const { files, bytes, verifiedBytes, errorCount, target } = found;
  const report = { files, bytes, verifiedBytes, errors: errorCount, rtoSeconds, phases, target };
  const result = { kind: 'apply-restore' as const, report };
  const done = `${counted(files, 'file')}, ${formatBytes(bytes)}, into ${target} in ${formatMeasured(rtoSeconds)}`;
  if (!found.partial) return { status: 'succeeded', result, summary: `Restored ${done}.` };
  const error = incomplete(errorCount, 'restored');
  return { status: 'partial', result, error, summary: `Restored in part: ${done}; ${error.message}.` };
}

function stale(): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'proposal-stale',
    message: 'unable to restore, the snapshot or the target is not as it was proposed',
    hint: 'Ask for a new proposal and look at it again; nothing was written.',
  });
}
