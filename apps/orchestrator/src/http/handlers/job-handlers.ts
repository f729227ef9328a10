import { FortFailError } from '@fortfail/base';
import { jobStatus } from '@fortfail/protocol';
import { loadJob } from '../../catalog/load.ts';
import { type JobRow, toJob } from '../../jobs/job-rows.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, olderThan, toPage } from '../cursors.ts';

type JobRoutes = 'listJobs' | 'getJob' | 'getJobLog' | 'cancelJob';

export function jobHandlers(services: Services): Pick<Handlers, JobRoutes> {
  const { database, progress, queue, log } = services;
  const load = async (call: Call<'getJob' | 'getJobLog' | 'cancelJob'>): Promise<JobRow> => {
    const job = await loadJob(database.read, call.id('jobId'));
    call.check({ kind: 'job', planId: job.plan_id, agentId: job.agent_id });
    return job;
  };
  return {
    listJobs: async (call) => {
      const { planId, status, limit } = call.query;
      const position = decodeCursor(call.query.cursor);
      let query = database.read
        .selectFrom('job')
        .selectAll()
        .orderBy('queued_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1);
      if (planId !== undefined) query = query.where('plan_id', '=', planId);
      if (status !== undefined) query = query.where('status', 'in', statusesOf(status));
      if (position !== undefined) query = query.where(olderThan('queued_at', 'id', position));
      const rows = await query.execute();
      const sees = (row: JobRow) => call.sees({ kind: 'job', planId: row.plan_id, agentId: row.agent_id });
      return {
        body: toPage(
          rows,
          limit,
          (row) => ({ at: row.queued_at, id: row.id }),
          sees,
          (row) => toJob(row, progress.get(row.id)),
        ),
      };
    },
    getJob: async (call) => {
      const job = await load(call);
      return { body: toJob(job, progress.get(job.id)) };
    },
    getJobLog: async (call) => ({ body: await log.read((await load(call)).id) }),
    cancelJob: async (call) => {
      const job = await load(call);
      const row = await queue.cancel(call.context, job.id, `cancelled by ${call.principal.name}`);
      return { body: toJob(row, progress.get(row.id)) };
    },
  };
}

/** One status or several with commas between. */
function statusesOf(text: string): string[] {
  const statuses = text.split(',');
  const unknown = statuses.find((status) => !jobStatus.safeParse(status).success);
  if (unknown === undefined) return statuses;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'bad-status',
    message: `unable to accept the query: status '${unknown.slice(0, 32)}' is none of ${jobStatus.options.join(', ')}`,
  });
}
