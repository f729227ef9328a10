import { readFileSync } from 'node:fs';
import { asFortFailError, errorKinds, FortFailError, Secret, systemClock, toErrorRecord } from '@fortfail/base';
import { z } from 'zod';
import { type AgentConfig, readConfig } from './config.ts';
import { acceptIssue, makeAgentRequest, readAgentRequest } from './enrol/air-gap.ts';
import { enrol } from './enrol/enrol.ts';
import { examineHost, reportHost } from './host-report.ts';
import { machineMark } from './identity/machine.ts';
import { readSiteFile, writeSiteFile } from './identity/site-file.ts';
import { lockDataFolder } from './instance-lock.ts';
import { makeLogger } from './logger.ts';
import { Consents } from './policy/consents.ts';
import { setOwner } from './policy/write-policy.ts';

/**
 * What a person does on the host itself, for the command line: one JSON object on standard input says what, one on standard
 * output what came of it. Secrets come in there, so they are in no argument list and no environment.
 */
const command = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('enrol'), joinString: z.string(), replace: z.boolean() }),
  z.strictObject({ do: z.literal('request') }),
  z.strictObject({ do: z.literal('read-request'), request: z.unknown() }),
  z.strictObject({ do: z.literal('accept'), issue: z.unknown() }),
  z.strictObject({ do: z.literal('approve'), words: z.array(z.string()) }),
  z.strictObject({ do: z.literal('show') }),
  z.strictObject({ do: z.literal('owner-set'), owner: z.string(), recovery: z.string().nullable() }),
  z.strictObject({ do: z.literal('moved') }),
  z.strictObject({ do: z.literal('doctor') }),
]);
type Command = z.infer<typeof command>;

async function perform(asked: Command, config: AgentConfig): Promise<unknown> {
  const clock = systemClock;
  const { agentFolder, hostname } = config;
  const parts = { config, clock, logger: makeLogger(config.logLevel) };
  const airGap = { agentFolder, hostname, version: productVersion(), clock };
  switch (asked.do) {
    case 'enrol':
      return await alone(config, () =>
        enrol({
          ...airGap,
          joinString: new Secret(asked.joinString),
          replace: asked.replace,
          allowPlain: process.env.ALLOW_PLAIN_HTTP === '1',
          signal: interruption.signal,
        }),
      );
    case 'request':
      return await alone(config, () => makeAgentRequest(airGap));
    case 'read-request':
      return readAgentRequest(asked.request);
    case 'accept':
      return await alone(config, () => acceptIssue(asked.issue, airGap));
    case 'approve':
      return await new Consents(agentFolder, clock).approve(asked.words);
    case 'show':
      return await reportHost(parts);
    case 'owner-set':
      return { path: await setOwner(config.policyPaths, asked.owner, asked.recovery) };
    case 'moved':
      return await moved(agentFolder);
    case 'doctor':
      return { findings: await examineHost(parts) };
  }
}

/** Keys are not changed under a running agent. */
async function alone<T>(config: AgentConfig, work: () => Promise<T>): Promise<T> {
  const lock = await lockDataFolder(config.dataFolder).catch((error: unknown) => {
    const { kind, code, message } = asFortFailError(error);
    if (code !== 'agent-running') throw error;
    throw new FortFailError({
      kind,
      code,
      message: message.replace('start the agent', 'change who this agent is'),
      hint: 'Stop the agent first, then start it again.',
    });
  });
  try {
    return await work();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

async function moved(agentFolder: string): Promise<unknown> {
  const site = await readSiteFile(agentFolder);
  if (site === undefined)
    throw new FortFailError({
      kind: 'not-found',
      code: 'not-enrolled',
      message: 'unable to find an enrolment on this host',
      hint: 'Enrol it with a join string.',
    });
  await writeSiteFile(agentFolder, { ...site, machine: await machineMark() });
  return { agentId: site.agentId };
}

function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { readonly version?: unknown }).version);
}

async function readInput(): Promise<Command> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) text += String(part);
  return command.parse(JSON.parse(text));
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () =>
    interruption.abort(new FortFailError({ kind: 'cancelled', code: 'interrupted', message: `interrupted by ${signal}` })),
  );

try {
  const asked = await readInput();
  process.stdout.write(`${JSON.stringify(await perform(asked, readConfig(process.env)))}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: toErrorRecord(error) })}\n`);
  process.exitCode = errorKinds[asFortFailError(error).kind].exit;
}
