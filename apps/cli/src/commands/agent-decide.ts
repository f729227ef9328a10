import { FortFailError } from '@fortfail/base';
import { agentDecision } from '@fortfail/protocol';
import { askYes } from '../approve/ask-yes.ts';
import { clientCall } from '../client/client-call.ts';
import { findAgent } from '../client/find-agent.ts';
import { exitOk } from '../exit.ts';
import { printable } from '../render/format.ts';
import type { agentDecideOptions } from '../verbs/site-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `agent decide`: what a person who looked at a host makes of its agent. */
export const perform: Perform<typeof agentDecideOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const decision = agentDecision.safeParse(args[1]);
  if (!decision.success) throw noDecision(args[1] ?? '');
  const agent = await findAgent(call, args[0] ?? '');
  const why = agent.reason === null ? '' : ` ${printable(agent.reason)}`;
  context.stderr.write(
    `${printable(agent.hostname)} (${agent.id}) is ${agent.status}.${why}\nIts words: ${agent.words?.join(' ') ?? 'none'}\n`,
  );
  await askYes(`Decide '${decision.data}'?`, options.yes, context);
  const params = { agentId: agent.id };
  const decided = await call.client.ask('decideAgent', { params, body: { decision: decision.data }, signal: call.signal });
  call.print(decided, () => `${printable(decided.hostname)} (${decided.id}) is ${decided.status}.\n`);
  return exitOk;
};

function noDecision(given: string): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'usage',
    message: `unable to decide '${given}'`,
    hint: `Give one of ${agentDecision.options.join(', ')}.`,
  });
}
