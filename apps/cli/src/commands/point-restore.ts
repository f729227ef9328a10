import { FortFailError, formatBytes } from '@fortfail/base';
import type { Restore } from '@fortfail/protocol';
import { askYes } from '../approve/ask-yes.ts';
import { type ClientCall, clientCall } from '../client/client-call.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk, exitPartial } from '../exit.ts';
import { formatSpan, printable } from '../render/format.ts';
import type { pointRestoreOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const pollMs = 400;
const underWay: ReadonlySet<Restore['status']> = new Set(['proposing', 'applying']);

/**
 * `point restore`: the site's own restore of a point, on its host or another: proposal first, then a yes, then the measured
 * result. `--apply` takes up a proposal again, as after a consent that was given meanwhile.
 */
export const perform: Perform<typeof pointRestoreOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const proposed = await proposalOf(call, args[0] ?? '', options, context);
  if (proposed.proposal === null || proposed.status !== 'proposed') return tell(call, proposed);
  context.stderr.write(proposalText(proposed));
  if (options.dryRun) {
    call.print(proposed, () => `Nothing was written. To do it: fortfail point restore --apply ${proposed.id}\n`);
    return exitOk;
  }
  await askYes(`Restore ${proposed.proposal.files} files?`, options.yes, context);
  const body = { digest: proposed.proposal.digest };
  const applying = await call.client.ask('applyRestore', { params: { restoreId: proposed.id }, body, signal: call.signal });
  return tell(call, await settled(call, applying, context));
};

interface Wanted {
  readonly apply: boolean;
  readonly on: string | undefined;
  readonly include: readonly string[];
  readonly target: string | undefined;
}

async function proposalOf(
  call: ClientCall,
  name: string,
  { apply, on, include, target }: Wanted,
  context: CommandContext,
): Promise<Restore> {
  const { client, signal } = call;
  if (apply) return await client.ask('getRestore', { params: { restoreId: name }, signal });
  const targetAgentId = on === undefined ? null : await agentNamed(call, on);
  const body = { restorePointId: name, include: [...include], target: target ?? null, targetAgentId };
  return await settled(call, await client.ask('proposeRestore', { body, signal }), context);
}

async function agentNamed({ client, signal }: ClientCall, name: string): Promise<string> {
  const { items } = await client.ask('listAgents', { query: { limit: 200 }, signal });
  const found = items.filter(({ id, hostname }) => id === name || hostname === name);
  const [agent] = found;
  if (agent !== undefined && found.length === 1) return agent.id;
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-such-agent',
    message: `unable to find one agent '${name}'`,
    hint: `There are: ${items.map(({ id, hostname }) => `${hostname} (${id})`).join(', ')}.`,
  });
}

async function settled({ client, signal }: ClientCall, restore: Restore, { clock }: CommandContext): Promise<Restore> {
  let seen = restore;
  while (underWay.has(seen.status)) {
    await clock.sleep(pollMs, signal);
    seen = await client.ask('getRestore', { params: { restoreId: restore.id }, signal });
  }
  return seen;
}

function proposalText({ proposal, planName, agentId }: Restore): string {
  if (proposal === null) return '';
  const lines = [
    `${proposal.files} files, ${formatBytes(proposal.bytes)} of ${printable(planName)} onto ${agentId}, into ${printable(proposal.target)}`,
    ...proposal.limits.map((limit) => `  ${limit}`),
    ...(proposal.conflictCount > 0 ? [`  ${proposal.conflictCount} things are in the way`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function tell({ print }: ClientCall, restore: Restore): number {
  const { report, error, status, id } = restore;
  print(restore, () => {
    if (report !== null) {
      const took = `${report.files} files, ${formatBytes(report.bytes)} back in ${printable(report.target)} after ${formatSpan(report.rtoSeconds)}`;
      return `${took}, ${formatBytes(report.verifiedBytes)} verified, ${report.errors} errors.\n`;
    }
    const why = error === null ? '' : `: ${error.message}${error.hint === undefined ? '' : `. ${error.hint}`}`;
    return `Restore ${id} is ${status}${why}\n${status === 'proposed' ? `Then: fortfail point restore --apply ${id}\n` : ''}`;
  });
  return status === 'succeeded' ? exitOk : exitPartial;
}
