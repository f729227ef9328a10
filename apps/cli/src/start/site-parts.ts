import { join } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import { LogFile } from './log-file.ts';
import { Part, type PartName, partPrograms, type Ready } from './part.ts';
import { partEnvironment, type StartConfig } from './start-config.ts';

/** Orchestrator and agent, each kept alive on its own. */
export interface SiteParts extends AsyncDisposable {
  readonly orchestrator: Ready;
}

/** Starts both parts; when it throws, nothing is left over. Disposing stops the agent first, then the orchestrator. */
export async function startParts(config: StartConfig, context: CommandContext, onNotice: (sentence: string) => void): Promise<SiteParts> {
  const env = partEnvironment(config, context.env);
  const make = (name: PartName, own: Record<string, string>): Part => {
    const log = new LogFile(join(config.data.path, 'run', 'log', `${name}.log`));
    return new Part({ name, program: partPrograms[name], env: own, clock: context.clock, onLog: (line) => log.append(line), onNotice });
  };
  const orchestrator = make('orchestrator', env);
  // The database is the orchestrator's alone; its address may hold a password.
  const { DATABASE_URL: _, DATABASE_URL_FILE: __, ...agentEnv } = env;
  const agent = make('agent', agentEnv);
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
