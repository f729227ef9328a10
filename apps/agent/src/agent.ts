import { join } from 'node:path';
import { asFortFailError, type Clock, FortFailError, type Logger, toErrorRecord } from '@fortfail/base';
import type { AgentQuestion } from '@fortfail/protocol';
import { AgentIdentity } from './agent-identity.ts';
import { type BrowseDesk, residentBrowseDesk } from './browse/browse-desk.ts';
import type { AgentConfig } from './config.ts';
import { makePrivateFolder } from './durable-file.ts';
import { lockDataFolder } from './instance-lock.ts';
import type { PerformJob } from './jobs/job-context.ts';
import { JobDesk } from './jobs/job-desk.ts';
import { jobPerformer } from './jobs/perform-job.ts';
import { RestoreSpeed } from './jobs/restore-speed.ts';
import { AgentLink, type LinkListener } from './link/agent-link.ts';
import { Outbox } from './outbox/outbox.ts';
import { PasswordFiles } from './repositories/password-file.ts';
import { RepositoryShelf } from './repositories/repository-shelf.ts';
import { clearScratch } from './scratch.ts';

export interface AgentParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** What does the jobs; the real ones unless a test says otherwise. */
  readonly perform?: PerformJob | undefined;
}

/** A running agent. Closing it stops its jobs, releases their locks, and leaves outcomes that wait in the outbox. */
export interface Agent extends AsyncDisposable {
  readonly instance: string;
  readonly isConnected: boolean;
}

/** Starts an agent; it connects, and comes back, by itself. Throws `conflict` when one works in the data folder already. */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const { config, clock, logger, version } = parts;
  const lock = await lockDataFolder(config.dataFolder);
  try {
    const identity = await AgentIdentity.open(config.agentFolder);
    await makePrivateFolder(config.restoreRoot);
    await clearScratch(config.scratchRoot, logger);
    const outbox = await Outbox.open(join(config.agentFolder, 'outbox'), logger);
    const shelf = new RepositoryShelf({ passwords: new PasswordFiles(config.agentFolder), clock, logger });
    const perform =
      parts.perform ?? jobPerformer({ config, clock, logger, shelf, speed: new RestoreSpeed(), programVersion: `fortfail ${version}` });
    const desk: JobDesk = new JobDesk({ clock, logger, outbox, perform, jobsAtOnce: config.jobsAtOnce, send: (frame) => link.send(frame) });
    const hello = () => ({
      agentId: identity.id,
      instance: identity.instance,
      hostname: config.hostname,
      version,
      isRoot: config.isRoot,
      restoreRoot: config.restoreRoot,
    });
    const link = new AgentLink({
      socketPath: config.socketPath,
      clock,
      logger,
      outbox,
      hello,
      listener: listenerOf(desk, identity, residentBrowseDesk({ shelf, clock, agentId: () => identity.id ?? '' })),
    });
    return run({ lock, desk, link, shelf, identity, logger });
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

function listenerOf(desk: JobDesk, identity: AgentIdentity, browse: BrowseDesk): LinkListener {
  return {
    holds: () => desk.holds(),
    welcomed: ({ agentId }) => identity.accept(agentId),
    leased: (lease) => desk.take(lease),
    revoked: (hold) => desk.lose(hold),
    cancelled: (hold, reason) => desk.cancel(hold, reason),
    answer: (question) =>
      answerQuestion(question, browse).then(
        (result) => ({ ok: true, result, error: null }),
        (error: unknown) => ({ ok: false, result: null, error: toErrorRecord(asFortFailError(error)) }),
      ),
  };
}

async function answerQuestion(question: AgentQuestion, browse: BrowseDesk): Promise<unknown> {
  if (question.method === 'browse' || question.method === 'list-files') return await browse.answer(question);
  throw new FortFailError({
    kind: 'denied',
    code: 'unknown-question',
    message: `unable to answer a question of kind '${question.method}'`,
  });
}

interface Running {
  readonly lock: AsyncDisposable;
  readonly desk: JobDesk;
  readonly link: AgentLink;
  readonly shelf: RepositoryShelf;
  readonly identity: AgentIdentity;
  readonly logger: Logger;
}

function run({ lock, desk, link, shelf, identity, logger }: Running): Agent {
  const stopping = new AbortController();
  const watch = (name: string, work: Promise<void>): Promise<void> =>
    work.catch((err: unknown) => logger.error({ component: 'agent', part: name, err }, 'a part of the agent ended'));
  const work = [
    watch('link', link.run(stopping.signal)),
    watch('desk', desk.speak(stopping.signal)),
    watch('shelf', shelf.tidy(stopping.signal)),
  ];
  return {
    instance: identity.instance,
    get isConnected() {
      return link.isConnected;
    },
    async [Symbol.asyncDispose]() {
      // Jobs first, while the link can still carry what they end with.
      await desk.close();
      stopping.abort(new FortFailError({ kind: 'cancelled', code: 'agent-stops', message: 'the agent stops' }));
      await Promise.all(work);
      await lock[Symbol.asyncDispose]();
    },
  };
}
