import { decodeJoinString } from '@fortfail/trust';
import { clientCall } from '../client/client-call.ts';
import { dataFolder } from '../client/data-folder.ts';
import { readJsonFile } from '../client/read-json-file.ts';
import { runHostTool } from '../client/run-host-tool.ts';
import { exitOk } from '../exit.ts';
import type { issueOptions } from '../verbs/host-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

interface Request {
  readonly token: string;
  readonly csr: string;
  readonly sealing: string;
  readonly signing: string;
  readonly hostname: string;
  readonly machine: string;
  readonly version: string;
}

/** `agent issue`: on the site, enrols the host whose request was carried here, and prints what it needs to know. */
export const perform: Perform<typeof issueOptions> = async ({ options, args, context }) => {
  const value = await readJsonFile(args[0] ?? '', context.env);
  const request = await runHostTool<Request>({ do: 'read-request', request: value }, dataFolder(options.data, context.env), context);
  const { client, signal } = clientCall({ data: options.data, json: true }, context);
  // A token of this moment, used at once: the host has none of its own.
  const made = await client.ask('createJoinString', { body: { hostname: request.hostname, hours: 1, airGap: true }, signal });
  const { t, o, r } = decodeJoinString(made.joinString);
  const enrolment = await client.ask('enrol', { body: { ...request, token: t }, signal });
  const issue = {
    v: 1,
    kind: 'fortfail-agent-issue',
    signing: request.signing,
    enrolment,
    owner: o ?? null,
    recovery: r ?? null,
    plans: null,
  };
  context.stdout.write(`${JSON.stringify(issue, null, 2)}\n`);
  context.stderr.write(`Enrolled ${request.hostname} as ${enrolment.agentId}. Carry this to it: fortfail agent accept FILE\n`);
  return exitOk;
};
