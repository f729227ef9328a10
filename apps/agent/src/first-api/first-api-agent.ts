import { join } from 'node:path';
import { asFortFailError, type Clock, FortFailError, isFortFailError, type Logger } from '@fortfail/base';
import { makePrivateFolder } from '../durable-file.ts';
import { lockDataFolder } from '../instance-lock.ts';
import { AgentMemory } from './agent-memory.ts';
import { type FirstApiConfig, firstApiFolder } from './first-api-config.ts';
import { type AgentEvent, type Command, OrchestratorClient } from './orchestrator-client.ts';
import { deliverSnapshot } from './own-snapshot.ts';
import { RestoreJournal } from './restore-journal.ts';
import { clearStages, type RestoreOrder, type RestoreParts, restoreSnapshot } from './restore-snapshot.ts';
import { TokenKeeper } from './token-keeper.ts';

export interface FirstApiAgentParts {
  readonly config: FirstApiConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pid: number;
}

/** A running agent of the first API. Closing it ends what it does; a restore it was at is begun again by the next start. */
export interface FirstApiAgent extends AsyncDisposable {
  readonly agentId: string;
}

/** Leases are for a quarter of an hour after a word of ours. */
const stillThereMs = 5 * 60_000;

/**
 * Starts an agent that speaks the first API alone: one snapshot of its backup folder, then commands for ever. Throws
 * `invalid-input` when it can never get a token, `conflict` when another agent works in its data folder.
 */
export async function startFirstApiAgent(parts: FirstApiAgentParts): Promise<FirstApiAgent> {
  const { config, clock, logger, pid } = parts;
  const lock = await lockDataFolder(config.agent.dataFolder);
  try {
    await makePrivateFolder(config.agent.agentFolder);
    const folder = firstApiFolder(config);
    const agentId = config.agentId ?? (await AgentMemory.drawnId(folder, pid));
    const memory = await AgentMemory.open(folder, agentId);
    requireSomeSecret(config, memory);
    warnOfPlainHttp(config, logger);
    const client = clientOf(parts, memory);
    const workFolder = join(memory.folder, 'work');
    await makePrivateFolder(workFolder);
    const journal = await RestoreJournal.open(join(memory.folder, 'commands'), clock.now());
    await clearStages(journal);
    const { backupDir, restoreDir, agent } = config;
    const stop = new AbortController();
    const desk = new CommandDesk({ client, memory, journal, clock, logger, restoreDir, workFolder, isRoot: agent.isRoot });
    const snapshot = { client, memory, clock, logger, backupDir, workFolder, ownFolders: [folder] };
    const watch = (what: string, work: Promise<void>): Promise<void> =>
      work.catch((err: unknown) => {
        if (!stop.signal.aborted) logger.error({ component: 'first-api', what, err }, 'a part of the agent ended');
      });
    const work = [watch('snapshot', deliverSnapshot(snapshot, stop.signal)), watch('commands', desk.work(config.pollMs, stop.signal))];
    return {
      agentId,
      async [Symbol.asyncDispose]() {
        stop.abort(new FortFailError({ kind: 'cancelled', code: 'agent-stops', message: 'the agent stops' }));
        await Promise.all(work);
        await lock[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

function requireSomeSecret(config: FirstApiConfig, memory: AgentMemory): void {
  if (config.registrationSecret ?? config.token ?? memory.agentSecret ?? memory.token) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'setting',
    message: 'unable to start without AGENT_REG_SECRET or ORCH_JWT: the orchestrator would not know this agent',
    hint: "Set AGENT_REG_SECRET (or AGENT_REG_SECRET_FILE) to the orchestrator's registration secret.",
  });
}

function warnOfPlainHttp({ orchestratorUrl }: FirstApiConfig, logger: Logger): void {
  const { protocol, hostname } = new URL(orchestratorUrl);
  if (protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return;
  logger.warn(
    { component: 'first-api', orchestratorUrl },
    'tokens and snapshots pass unencrypted; use https:// unless the network itself is safe',
  );
}

function clientOf({ config, clock, logger }: FirstApiAgentParts, memory: AgentMemory): OrchestratorClient {
  const parts = { url: config.orchestratorUrl, agentId: memory.agentId, clock, ca: config.ca };
  const secrets = { provisioned: config.token, registrationSecret: config.registrationSecret };
  return new OrchestratorClient(parts, new TokenKeeper({ ...parts, ...secrets, memory, logger }));
}

class CommandDesk {
  readonly #parts: RestoreParts & { readonly logger: Logger };

  constructor(parts: RestoreParts & { readonly logger: Logger }) {
    this.#parts = parts;
  }

  /** Looks for commands and does them, one after the other, until the signal. */
  async work(pollMs: number, signal: AbortSignal): Promise<void> {
    const { client, clock, journal, logger } = this.#parts;
    let before = await journal.all();
    for (;;) {
      try {
        for (const command of await client.commands(signal)) {
          before = before.filter(({ commandId }) => commandId !== command.id);
          await this.#perform(command, signal);
        }
        // What an earlier life was at is not delivered again before its lease is over, and need not wait for that.
        for (const order of before.splice(0)) await this.#restore(order, signal);
      } catch (err) {
        if (signal.aborted) return;
        logger.warn({ component: 'first-api', err }, 'commands not received');
      }
      await clock.sleep(pollMs, signal);
    }
  }

  async #perform(command: Command, signal: AbortSignal): Promise<void> {
    const { job_id, snapshot_id } = command.payload;
    const jobId = typeof job_id === 'string' ? job_id : null;
    const about = aboutOf({ jobId, snapshotId: typeof snapshot_id === 'string' ? snapshot_id : null });
    if (command.type !== 'restore') {
      await this.#report({ ...about, event_type: 'error', message: `unknown command type '${command.type.slice(0, 100)}'` }, signal);
    } else if (typeof snapshot_id !== 'string') {
      await this.#report({ ...about, event_type: 'restore_failed', message: 'the command names no snapshot' }, signal);
    } else {
      await this.#restore({ commandId: command.id, snapshotId: snapshot_id, jobId }, signal);
    }
  }

  async #restore(order: RestoreOrder, signal: AbortSignal): Promise<void> {
    const { journal, logger } = this.#parts;
    const { commandId, snapshotId } = order;
    const about = aboutOf(order);
    await this.#report({ ...about, event_type: 'restore_started', message: `restore of ${snapshotId} started` }, signal);
    const done = new AbortController();
    const beat = this.#stayThere(about, AbortSignal.any([signal, done.signal]));
    let event: AgentEvent;
    try {
      const report = await restoreSnapshot(this.#parts, order, signal);
      event = { ...about, event_type: 'restore_completed', ...report };
      logger.info({ component: 'first-api', commandId, snapshotId, ...report.metadata }, 'snapshot restored');
    } catch (err) {
      if (signal.aborted) throw signal.reason;
      const { kind, code, message } = asFortFailError(err);
      event = { ...about, event_type: 'restore_failed', message, metadata: { kind, code } };
      logger.error({ component: 'first-api', commandId, snapshotId, err }, 'restore failed');
    } finally {
      done.abort();
      await beat;
    }
    // Until this is delivered the command comes again, and the journal answers for it.
    if (await this.#report(event, signal)) await journal.forget(commandId);
  }

  /** Says now and then that a long restore goes on, so that nobody else is given it. */
  async #stayThere(about: Pick<AgentEvent, 'job_id' | 'snapshot_id'>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    try {
      for (;;) {
        await clock.sleep(stillThereMs, signal);
        await this.#report({ ...about, event_type: 'restore_in_progress', message: 'the restore goes on' }, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** True when it is delivered, or will never be taken. */
  async #report(event: AgentEvent, signal: AbortSignal): Promise<boolean> {
    const { client, logger } = this.#parts;
    try {
      await client.report(event, signal);
      return true;
    } catch (err) {
      if (signal.aborted) throw signal.reason;
      logger.warn({ component: 'first-api', eventType: event.event_type, err }, 'event not delivered');
      return isFortFailError(err) && ['invalid-input', 'not-found', 'conflict'].includes(err.kind);
    }
  }
}

function aboutOf({
  jobId,
  snapshotId,
}: {
  readonly jobId: string | null;
  readonly snapshotId: string | null;
}): Pick<AgentEvent, 'job_id' | 'snapshot_id'> {
  return { ...(jobId === null ? {} : { job_id: jobId }), ...(snapshotId === null ? {} : { snapshot_id: snapshotId }) };
}
