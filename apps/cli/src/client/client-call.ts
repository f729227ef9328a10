import { FortFailError } from '@fortfail/base';
import type { Job, PlanState } from '@fortfail/protocol';
import type { CommandContext } from '../command-context.ts';
import { type DataFolder, dataFolder } from './data-folder.ts';
import { type ApiClient, LocalClient } from './local-client.ts';

/** What the verbs that ask a running FortFail have in common. */
export interface ClientCall {
  readonly client: ApiClient;
  readonly data: DataFolder;
  readonly signal: AbortSignal;
  /** Prints one JSON document, or the text when `--json` was not given. */
  print(document: unknown, text: () => string): void;
}

export function clientCall(options: { readonly data: string | undefined; readonly json: boolean }, context: CommandContext): ClientCall {
  const data = dataFolder(options.data, context.env);
  return {
    client: new LocalClient(data.socket),
    data,
    signal: context.signal,
    print: (document, text) => context.stdout.write(options.json ? `${JSON.stringify(document)}\n` : text()),
  };
}

/** The plan of that name or id; throws `not-found` naming those that exist. */
export async function findPlan({ client, signal }: ClientCall, nameOrId: string): Promise<PlanState> {
  const { items } = await client.ask('listPlans', { query: { limit: 200 }, signal });
  const found = items.find(({ plan }) => plan.name === nameOrId || plan.id === nameOrId);
  if (found !== undefined) return found;
  const names = items.map(({ plan }) => plan.name).join(', ');
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-plan',
    message: `unable to find plan '${nameOrId}'`,
    hint: names === '' ? 'There are none yet: `fortfail start --protect PATH` makes one.' : `There are: ${names}.`,
  });
}

/** How long a job took, or has taken so far by its own records; undefined before it started. */
export function jobSeconds(job: Job): number | undefined {
  if (job.startedAt === null || job.endedAt === null) return undefined;
  return (Date.parse(job.endedAt) - Date.parse(job.startedAt)) / 1000;
}
