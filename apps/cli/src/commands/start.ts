import { isFortFailError } from '@fortfail/base';
import { typedIn } from '../client/data-folder.ts';
import { LocalClient } from '../client/local-client.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk, exitPartial } from '../exit.ts';
import { ProgressLines } from '../render/progress.ts';
import { endedLine, progressLine, startText } from '../render/start-text.ts';
import { requireFreePort, requireSafeHost, requireUnusedData, requireWritableData } from '../start/preconditions.ts';
import { findProtectedPaths, type ProtectedPaths } from '../start/protected-paths.ts';
import { type PlanProgress, type PlanProof, provePlans } from '../start/prove-plans.ts';
import { startParts } from '../start/site-parts.ts';
import { ensurePlans, ensureRepository } from '../start/site-set-up.ts';
import { type StartConfig, startConfig } from '../start/start-config.ts';
import { startSummary } from '../start/summary.ts';
import type { Values } from '../verbs/option.ts';
import type { startOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

interface Start {
  readonly config: StartConfig;
  readonly paths: ProtectedPaths;
  readonly options: Values<typeof startOptions>;
  readonly context: CommandContext;
  readonly progress: ProgressLines;
  readonly startedMs: number;
}

/** `start`: both parts, a repository, a plan for each path and one for FortFail itself, each proven; then it stays up. */
export const perform: Perform<typeof startOptions> = async ({ options, context }) => {
  const startedMs = context.clock.monotonicMs();
  const config = startConfig(options, context.env);
  const paths = await findProtectedPaths(options.protect, typedIn(context.env), config.data.path);
  requireSafeHost(config.host, context.env);
  await requireUnusedData(config.data);
  await requireFreePort(config.port, config.host);
  await requireWritableData(config.data);
  const progress = new ProgressLines(context.stderr, () => context.clock.monotonicMs());
  const say = (sentence: string): void => progress.above(`fortfail: ${sentence}\n`);
  for (const { path, reason } of paths.missing) say(`'${path}' is left out: ${reason}`);
  try {
    progress.show(() => ['starting orchestrator and agent']);
    await using parts = await startParts(config, context, say);
    const url = typeof parts.orchestrator.url === 'string' ? parts.orchestrator.url : `http://localhost:${config.port}`;
    const proofs = await proveAndTell({ config, paths, options, context, progress, startedMs }, url);
    if (options.once) return exitCode(proofs, paths);
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      else context.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    say('stopping');
    return exitOk;
  } catch (error) {
    // Ctrl-C is how a start ends that was meant to stay up; one that was to finish by itself has not.
    if (isFortFailError(error, 'cancelled') && !options.once) return exitOk;
    throw error;
  } finally {
    progress.clear();
  }
};

async function proveAndTell(start: Start, url: string): Promise<PlanProof[]> {
  const { config, context, options, paths, progress } = start;
  const { clock, signal } = context;
  const client = new LocalClient(config.data.socket);
  const set = { client, clock, signal, dataPath: config.data.path, paths: paths.found };
  const repository = await ensureRepository(set);
  const plans = await ensurePlans(set, repository);
  const atWork = new Map<string, PlanProgress>();
  const proofs = await provePlans(
    {
      client,
      clock,
      signal,
      always: options.once,
      onProgress: (seen) => {
        atWork.set(seen.plan, seen);
        progress.show(() => [...atWork.values()].map(progressLine));
      },
      onEnded: (seen) => {
        atWork.delete(seen.plan);
        progress.above(endedLine(seen));
      },
    },
    plans,
  );
  progress.clear();
  const tookSeconds = (clock.monotonicMs() - start.startedMs) / 1000;
  const summary = startSummary(config.data.path, url, repository, proofs, tookSeconds);
  const loginLink = (await client.ask('createLoginLink', { signal })).url;
  const program = context.env.npm_lifecycle_event === undefined ? 'fortfail' : './fortfail';
  const command = (verb: string): string => `${program} ${verb}${options.data === undefined ? '' : ` --data ${config.data.path}`}`;
  const text = startText({ summary, proofs, loginLink, command, staysUp: !options.once, missing: paths.missing });
  (options.json ? context.stderr : context.stdout).write(text);
  if (options.json) context.stdout.write(`${JSON.stringify(summary)}\n`);
  return proofs;
}

/** 0 when everything asked for is protected and proven, 3 when not all of it is. */
function exitCode(proofs: readonly PlanProof[], paths: ProtectedPaths): number {
  const isProven = proofs.every(({ problems, drill }) => problems.length === 0 && drill?.outcome === 'passed');
  return isProven && paths.missing.length === 0 ? exitOk : exitPartial;
}
