import { userInfo } from 'node:os';
import { FortFailError, formatBytes } from '@fortfail/base';
import { approvalText, namespaces } from '@fortfail/trust';
import { askYes } from '../approve/ask-yes.ts';
import { signingKeyFile, signText } from '../approve/sign-text.ts';
import { clientCall } from '../client/client-call.ts';
import { exitOk } from '../exit.ts';
import { printable } from '../render/format.ts';
import type { approveOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const validMs = 3_600_000 - 60_000;

/** `approve`: shows a restore's proposal and signs exactly that with an SSH key of the roster; the host that restores judges it. */
export const perform: Perform<typeof approveOptions> = async ({ options, args, context }) => {
  const call = clientCall(options, context);
  const restoreId = args[0] ?? '';
  const restore = await call.client.ask('getRestore', { params: { restoreId }, signal: call.signal });
  const { proposal } = restore;
  if (proposal === null || restore.status !== 'proposed') {
    throw new FortFailError({
      kind: 'conflict',
      code: 'restore-not-proposed',
      message: `unable to approve restore '${restoreId}', it is ${restore.status}`,
      hint: 'Ask for a proposal first.',
    });
  }
  const { site } = await call.client.ask('getKit', { signal: call.signal });
  const file = await signingKeyFile(options.key, context);
  context.stderr.write(
    [
      `Restore ${restore.id}: ${proposal.files} files, ${formatBytes(proposal.bytes)}, of ${printable(restore.planName)}`,
      `  onto agent ${restore.agentId}, into ${printable(proposal.target)}`,
      `  ${proposal.conflictCount} things in the way; proposal ${proposal.digest}`,
      '',
    ].join('\n'),
  );
  await askYes('Approve exactly this?', options.yes, context);
  const now = context.clock.now().getTime();
  const text = approvalText({
    v: 1,
    site: site.id,
    action: 'restore',
    hosts: [restore.agentId],
    proposal: proposal.digest,
    by: options.as ?? userInfo().username,
    made: new Date(now).toISOString(),
    until: new Date(now + validMs).toISOString(),
  });
  const signature = await signText(text, namespaces.approval, file, call.signal);
  const approved = await call.client.ask('approveRestore', {
    params: { restoreId },
    body: { by: 'ssh', signed: { text, signature } },
    signal: call.signal,
  });
  call.print(approved, () => `Signed. Apply it within the hour: fortfail point restore --apply ${restore.id}\n`);
  return exitOk;
};
