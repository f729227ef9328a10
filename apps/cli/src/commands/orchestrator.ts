import { requireFreePort, requireSafeHost, requireUnusedData, requireWritableData } from '../start/preconditions.ts';
import { runPartAlone } from '../start/run-part-alone.ts';
import { startConfig } from '../start/start-config.ts';
import type { orchestratorOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `orchestrator`: API, scheduler and console, without an agent. */
export const perform: Perform<typeof orchestratorOptions> = async ({ options, context }) => {
  const config = startConfig(options, context.env);
  requireSafeHost(config.host, context.env);
  await requireUnusedData(config.data);
  await requireFreePort(config.port, config.host);
  await requireWritableData(config.data);
  return await runPartAlone('orchestrator', config, context);
};
