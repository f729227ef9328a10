import { requireWritableData } from '../start/preconditions.ts';
import { runPartAlone } from '../start/run-part-alone.ts';
import { startConfig } from '../start/start-config.ts';
import type { agentOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent`: the resident agent alone; it waits for an orchestrator in the same data folder. */
export const perform: Perform<typeof agentOptions> = async ({ options, context }) => {
  const config = startConfig(options, context.env);
  await requireWritableData(config.data);
  return await runPartAlone('agent', config, context);
};
