import { FortFailError } from '@fortfail/base';
import type { AgentFrame } from '@fortfail/protocol';
import { parseSshPublicKey } from '@fortfail/trust';
import type { Change } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';
import { raiseOrderCounter } from '../jobs/order-counter.ts';

export type Hello = Extract<AgentFrame, { type: 'hello' }>;

const sealingForm = /^age1[0-9a-z]{58}$/;

/** What an agent says of itself, as columns. Throws `invalid-input` for keys that are none. */
export function helloColumns(change: Change, hello: Hello) {
  const { sealing, signing } = hello;
  if (sealing !== undefined) checkSealing(sealing);
  if (signing !== undefined) parseSshPublicKey(signing);
  return {
    hostname: hello.hostname,
    version: hello.version,
    restore_root: hello.restoreRoot,
    is_root: hello.isRoot ? 1 : 0,
    last_seen_at: change.now,
    instance: hello.instance,
    ...(sealing === undefined ? {} : { sealing }),
    ...(signing === undefined ? {} : { signing }),
    ...(hello.policyDigest === undefined ? {} : { policy_digest: hello.policyDigest }),
    ...(hello.hasOwner === undefined ? {} : { has_owner: hello.hasOwner ? 1 : 0 }),
  };
}

/** Puts on record what changed since the agent was here last, and goes on above the orders it has taken. */
export async function noteChanges(change: Change, before: AgentTable | undefined, after: AgentTable, hello: Hello): Promise<void> {
  const object = { kind: 'agent', id: after.id };
  if (before !== undefined && before.policy_digest !== after.policy_digest)
    change.audit({ action: 'agent.policy', object, detail: { digest: after.policy_digest, hasOwner: after.has_owner === 1 } });
  const hasOtherKeys = before !== undefined && (before.sealing !== after.sealing || before.signing !== after.signing);
  if (hasOtherKeys) change.audit({ action: 'agent.keys', object, detail: { sealing: after.sealing, signing: after.signing } });
  if (hello.lastOrder !== undefined) await raiseOrderCounter(change.tx, after.id, hello.lastOrder);
}

/** Takes in that an agent's policy file is another one now. */
export async function notePolicy(
  change: Change,
  agentId: string,
  policy: { readonly policyDigest: string; readonly hasOwner: boolean },
): Promise<void> {
  const { policyDigest, hasOwner } = policy;
  const changed = await change.tx
    .updateTable('agent')
    .set({ policy_digest: policyDigest, has_owner: hasOwner ? 1 : 0 })
    .where('id', '=', agentId)
    .where((eb) =>
      eb.or([eb('policy_digest', 'is', null), eb('policy_digest', '!=', policyDigest), eb('has_owner', '!=', hasOwner ? 1 : 0)]),
    )
    .returning('id')
    .executeTakeFirst();
  if (changed === undefined) return change.nothing();
  change.audit({ action: 'agent.policy', object: { kind: 'agent', id: agentId }, detail: { digest: policyDigest, hasOwner } });
  change.event('agent', agentId);
}

/** Throws `invalid-input` unless it is an age recipient. */
export function checkSealing(text: string): void {
  if (sealingForm.test(text)) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'bad-sealing-key',
    message: 'unable to accept a sealing key that is no age recipient',
  });
}

/**
 * Whether a mark is of another machine. A mark has parts with a dot between, `-` for one that could not be read, which says
 * nothing.
 */
export function isOtherMachine(known: string | null, found: string | undefined): boolean {
  if (known === null || found === undefined) return false;
  const parts = found.split('.');
  return known.split('.').some((part, index) => {
    const other = parts[index];
    return part !== '-' && other !== undefined && other !== '-' && other !== part;
  });
}
