import { FortFailError, isFortFailError } from '@fortfail/base';
import { type AgentQuestion, type BrowseQuestion, type SealedAnswer, sealedAnswer } from '@fortfail/protocol';
import { may } from '../../access/may.ts';
import { loadRepository, loadRestorePoint } from '../../catalog/load.ts';
import type { RepositoryTable, RestorePointTable } from '../../database/tables.ts';
import { forgotten, repositoryReference } from '../../jobs/order-job.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { HttpRefusal } from '../problems.ts';

/** Questions of one person that are under way at once. Each holds a place at the agent and up to 2 MB of answer here. */
export const questionsAtOnce = 4;

export function browseHandlers(services: Services): Pick<Handlers, 'browse'> {
  const asking = new Map<string, number>();
  return {
    browse: async (call) => {
      const who = call.principal.id;
      const count = asking.get(who) ?? 0;
      if (count >= questionsAtOnce) throw tooMany();
      asking.set(who, count + 1);
      try {
        return { body: await browse(services, call) };
      } finally {
        const left = (asking.get(who) ?? 1) - 1;
        if (left > 0) asking.set(who, left);
        else asking.delete(who);
      }
    },
  };
}

/** Asks the agent that has the key. What it seals to the asking tab is handed on as it is: nobody here can read it. */
async function browse(services: Services, call: Call<'browse'>): Promise<SealedAnswer> {
  const { session } = call.body;
  const point = await loadRestorePoint(services.database.read, call.id('restorePointId'));
  const repository = await loadRepository(services.database.read, point.repository_id);
  const object = { kind: 'restore-point', planId: point.plan_id, agentId: repository.agent_id } as const;
  call.check(object);
  if (point.forgotten_at !== null) throw forgotten(point);
  // Content of files is for those who may have all of it.
  if (call.body.question.ask === 'preview' && may(call.principal, 'restore', object) !== 'yes') throw noContent(call.principal.name);
  const { question, snapshots } = await named(services, point, call.body.question);
  await services.changes.run(call.context, async (change) =>
    change.audit({
      chain: 'access',
      action: `restore-point.${question.ask === 'preview' ? 'preview' : 'browse'}`,
      object: { kind: 'restore-point', id: point.id },
      detail: { ask: question.ask, points: snapshots.length },
      personal: question.ask === 'find' ? { text: question.text } : { path: question.path },
    }),
  );
  return await ask(services, repository, { snapshots, question, session });
}

/** The snapshots a question is about. Versions are told of points of the same plan and repository only. */
async function named(
  services: Services,
  point: RestorePointTable,
  question: BrowseQuestion,
): Promise<{ question: BrowseQuestion; snapshots: string[] }> {
  if (question.ask !== 'versions') return { question, snapshots: [point.snapshot] };
  const rows = await services.database.read
    .selectFrom('restore_point')
    .select(['id', 'snapshot', 'forgotten_at'])
    .where('id', 'in', question.points)
    .where('plan_id', '=', point.plan_id)
    .where('repository_id', '=', point.repository_id)
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  const asked = [...new Set(question.points)].map((id) => byId.get(id) ?? foreign(id, point));
  const kept = asked.filter((row) => row.forgotten_at === null);
  if (kept.length === 0) throw forgotten(point);
  return { question: { ...question, points: kept.map((row) => row.id) }, snapshots: kept.map((row) => row.snapshot) };
}

async function ask(
  services: Services,
  repository: RepositoryTable,
  about: Pick<Extract<AgentQuestion, { method: 'browse' }>, 'snapshots' | 'question' | 'session'>,
): Promise<SealedAnswer> {
  try {
    const answer = await services.hub.ask(repository.agent_id, {
      method: 'browse',
      repository: repositoryReference(repository),
      ...about,
    });
    const known = sealedAnswer.safeParse(answer);
    if (known.success) return known.data;
  } catch (error) {
    if (isFortFailError(error, 'unavailable') && error.code === 'agent-not-connected') throw notConnected();
    throw error;
  }
  throw new FortFailError({ kind: 'unavailable', code: 'agent-answer', message: 'unable to understand the answer of the agent' });
}

function notConnected(): FortFailError {
  return new FortFailError({
    kind: 'unavailable',
    code: 'agent-not-connected',
    message: 'unable to look into this restore point, the agent that has its key is not connected',
    hint: 'Start that agent, or list the files where a key is: `fortfail -r REPOSITORY ls SNAPSHOT`.',
  });
}

function foreign(id: string, point: RestorePointTable): never {
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-restore-point',
    message: `unable to find restore point '${id.slice(0, 64)}' of plan '${point.plan_name}'`,
  });
}

function noContent(name: string): HttpRefusal {
  return new HttpRefusal(403, {
    kind: 'denied',
    code: 'not-allowed',
    message: `unable to let ${name} read files here, the right is missing`,
  });
}

function tooMany(): HttpRefusal {
  return new HttpRefusal(
    429,
    {
      kind: 'unavailable',
      code: 'too-many-questions',
      message: `unable to answer more than ${questionsAtOnce} questions of one person at once`,
      hint: 'Ask again in a moment.',
    },
    1,
  );
}
