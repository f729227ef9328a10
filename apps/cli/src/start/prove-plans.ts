import { isFortFailError } from '@fortfail/base';
import type { Drill, Job, PlanState, RestorePoint } from '@fortfail/protocol';
import { type Following, followJob } from './follow-job.ts';

/** What `start` shows of a plan while it works. */
export interface PlanProgress {
  readonly plan: string;
  readonly doing: 'backup' | 'drill';
  readonly job: Job;
}

/** What is known of a plan in the end: its newest point, the drill of that point, and what went wrong on the way. */
export interface PlanProof {
  readonly plan: string;
  readonly kind: 'files' | 'config';
  readonly point: RestorePoint | undefined;
  readonly drill: Drill | undefined;
  readonly problems: readonly string[];
}

export interface Proving extends Following {
  /** True for `--once`: back up and drill again, whatever was there. */
  readonly always: boolean;
  readonly onProgress: (progress: PlanProgress) => void;
  readonly onEnded: (progress: PlanProgress) => void;
}

/**
 * Backs up and drills every plan that has no proven point yet; all at once, the agent decides how many it works on.
 * Answers by name, FortFail's own plan last.
 */
export async function provePlans(proving: Proving, plans: readonly PlanState[]): Promise<PlanProof[]> {
  const rank = ({ plan }: PlanState): string => `${plan.source.kind === 'config' ? 1 : 0}${plan.name}`;
  const ordered = [...plans].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  return await Promise.all(ordered.map((state) => provePlan(proving, state)));
}

async function provePlan(proving: Proving, state: PlanState): Promise<PlanProof> {
  const { plan } = state;
  const problems: string[] = [];
  const order = async (doing: 'backup' | 'drill', ask: () => Promise<{ readonly job: Job }>): Promise<Job> => {
    const { job: ordered } = await ask();
    const job = await followJob(proving, ordered.id, (seen) => proving.onProgress({ plan: plan.name, doing, job: seen }));
    proving.onEnded({ plan: plan.name, doing, job });
    if (job.status !== 'succeeded') problems.push(job.error?.message ?? job.outcome ?? `the ${doing} ended as ${job.status}`);
    return job;
  };
  if (proving.always || state.newestPoint === null) await order('backup', () => orderBackup(proving, state));
  const point = await newestPoint(proving, plan.id);
  let drill = point === undefined ? undefined : await lastDrill(proving, point);
  if (point !== undefined && (proving.always || drill?.outcome !== 'passed')) {
    const params = { restorePointId: point.id };
    await order('drill', () => proving.client.ask('drillRestorePoint', { params, signal: proving.signal }));
    const drilled = await proving.client.ask('getRestorePoint', { params, signal: proving.signal });
    drill = await lastDrill(proving, drilled);
    if (drill?.outcome === 'failed') problems.push(`the drill found ${drill.differenceCount} differences`);
    return { plan: plan.name, kind: plan.source.kind, point: drilled, drill, problems };
  }
  return { plan: plan.name, kind: plan.source.kind, point, drill, problems };
}

/** A new backup; the one already under way when the plan has one, as after a start that was interrupted. */
async function orderBackup({ client, signal }: Proving, state: PlanState): Promise<{ readonly job: Job }> {
  const params = { planId: state.plan.id };
  try {
    return await client.ask('backUp', { params, signal });
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
    const { runningJobId } = await client.ask('getPlan', { params, signal });
    if (runningJobId === null) throw error;
    return { job: await client.ask('getJob', { params: { jobId: runningJobId }, signal }) };
  }
}

async function newestPoint({ client, signal }: Proving, planId: string): Promise<RestorePoint | undefined> {
  const { items } = await client.ask('listRestorePoints', { query: { planId, limit: 20 }, signal });
  return items.find(({ forgottenAt }) => forgottenAt === null);
}

async function lastDrill({ client, signal }: Proving, point: RestorePoint): Promise<Drill | undefined> {
  if (point.lastDrillId === null) return undefined;
  return await client.ask('getDrill', { params: { drillId: point.lastDrillId }, signal });
}
