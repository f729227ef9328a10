import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { LogFile } from './log-file.ts';
import { Part, type PartName, partPrograms, type Ready } from './part.ts';
import { partEnvironment, type StartConfig } from './start-config.ts';

/** Orchestrator and agent, each kept alive on its own. */
export interface SiteParts extends AsyncDisposable {
  readonly orchestrator: Ready;
}

/** What makes an agent one of the first API, which the agent of this site is not; `fortfail agent` passes it on. */
const firstApiNames = ['ORCHESTRATOR_URL', 'AGENT_ID', 'AGENT_REG_SECRET', 'ORCH_JWT', 'BACKUP_DIR', 'RESTORE_DIR', 'POLL_INTERVAL'];
/** The orchestrator's alone: its database, whose address may hold a password, and its secrets. */
const orchestratorNames = ['DATABASE_URL', 'ORCH_JWT_SECRET', 'ORCH_REG_SECRET', 'S3_ACCESS_KEY', 'S3_SECRET_KEY', 'VAULT_TOKEN'];

function agentEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const left = new Set([...firstApiNames, ...orchestratorNames].flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !left.has(name)));
}

/** Starts both parts; when it throws, nothing is left over. Disposing stops the agent first, then the orchestrator. */
export async function startParts(config: StartConfig, context: CommandContext, onNotice: (sentence: string) => void): Promise<SiteParts> {
  // Before Node puts its compile cache there: what it makes, others may enter.
  await mkdir(join(config.data.path, 'run'), { recursive: true, mode: 0o700 });
  const env = partEnvironment(config, context.env);
  const make = (name: PartName, own: Record<string, string>): Part => {
    const log = new LogFile(join(config.data.path, 'run', 'log', `${name}.log`));
    return new Part({ name, program: partPrograms[name], env: own, clock: context.clock, onLog: (line) => log.append(line), onNotice });
  };
  const orchestrator = make('orchestrator', env);
  const agent = make('agent', agentEnvironment(env));
  const stop = async (): Promise<void> => {
    await agent.stop();
    await orchestrator.stop();
  };
  try {
    const ready = await orchestrator.start(context.signal);
    // Port 0 is any free one, but only once: after a restart people and browsers look for it where it was.
    if (typeof ready.port === 'number') env.PORT = String(ready.port);
    await agent.start(context.signal);
    return { orchestrator: ready, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
