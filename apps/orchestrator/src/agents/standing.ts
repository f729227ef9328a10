import { FortFailError } from '@fortfail/base';
import type { AgentDecision, AgentStatus } from '@fortfail/protocol';
import { endAlert, raiseAlert } from '../alerts/alerts.ts';
import { type Change, type Changes, systemContext } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';

/** Why an agent is not let in: by the code of a refusal, as the close of a WebSocket and as an HTTP status. */
const refusals: Readonly<Record<string, { readonly close: number; readonly http: number }>> = {
  'agent-unknown': { close: 4401, http: 401 },
  'certificate-too-old': { close: 4401, http: 401 },
  'certificate-expired': { close: 4426, http: 401 },
  'agent-revoked': { close: 4403, http: 403 },
  'agent-connected': { close: 4409, http: 409 },
  'agent-held': { close: 4423, http: 403 },
  'agent-pending': { close: 4425, http: 403 },
  'frame-refused': { close: 4400, http: 400 },
  'link-ended': { close: 4408, http: 409 },
  'link-moved': { close: 4410, http: 409 },
};

/** The close code that says why; 4401 for a proof that proves nothing. */
export function closeCodeOf(code: string): number {
  return refusals[code]?.close ?? 4401;
}

/** What a close code means over HTTP, for carriers that have no close. */
export function refusalOfClose(close: number): { readonly http: number; readonly code: string } {
  const [code, found] = Object.entries(refusals).find(([, one]) => one.close === close) ?? [];
  return code === undefined || found === undefined ? { http: 503, code: 'link-broken' } : { http: found.http, code };
}

/** Gives an agent no more jobs until somebody looked. Nothing happens to one that is held or revoked already. */
export async function holdAgent(
  change: Change,
  agentId: string,
  hold: { readonly reason: string; readonly alert: 'agent-held' | 'token-reused'; readonly seenMachine?: string | undefined },
): Promise<boolean> {
  const held = await change.tx
    .updateTable('agent')
    .set({ status: 'held', reason: hold.reason, ...(hold.seenMachine === undefined ? {} : { seen_machine: hold.seenMachine }) })
    .where('id', '=', agentId)
    .where('status', 'in', ['active', 'pending'] satisfies AgentStatus[])
    .returning('hostname')
    .executeTakeFirst();
  if (held === undefined) return false;
  change.audit({ action: 'agent.hold', object: { kind: 'agent', id: agentId }, detail: { reason: hold.reason } });
  change.event('agent', agentId);
  await raiseAlert(change, {
    kind: hold.alert,
    severity: 'broken',
    object: { kind: 'agent', id: agentId },
    sentence: `The agent of ${held.hostname} is held and gets no jobs: ${hold.reason} Look at that host, then decide in the console or with \`fortfail agent decide\`.`,
  });
  return true;
}

/** Two processes with one agent's key live at once: the first one goes on, the second one stays out, and somebody is told. */
export async function recordClone(changes: Changes, agentId: string, instance: string): Promise<void> {
  await changes.run(systemContext, async (change) => {
    const reason = 'A second process with its key tried to connect while it was connected: there are two copies of it.';
    const row = await change.tx
      .updateTable('agent')
      .set({ held_instance: instance, reason })
      .where('id', '=', agentId)
      .returning('hostname')
      .executeTakeFirst();
    if (row === undefined) return change.nothing();
    change.audit({ action: 'agent.clone', object: { kind: 'agent', id: agentId }, outcome: 'refused', detail: { instance } });
    change.event('agent', agentId);
    await raiseAlert(change, {
      kind: 'agent-clone',
      severity: 'broken',
      object: { kind: 'agent', id: agentId },
      sentence: `Two copies of the agent of ${row.hostname} are running. The newer one stays out. Find it and enrol it anew, or revoke the agent.`,
    });
  });
}

/** What each decision makes of an agent, and of which states. */
const decisions: Readonly<Record<AgentDecision, { readonly from: readonly AgentStatus[]; readonly to: AgentStatus }>> = {
  approve: { from: ['pending', 'held'], to: 'active' },
  hold: { from: ['pending', 'active'], to: 'held' },
  keep: { from: ['held', 'active'], to: 'active' },
  split: { from: ['held', 'active'], to: 'active' },
  'accept-rollback': { from: ['held'], to: 'active' },
  revoke: { from: ['pending', 'active', 'held'], to: 'revoked' },
};

/** Does what a person decided about an agent. Throws `conflict` where the decision does not fit its state. */
export async function decide(change: Change, row: AgentTable, decision: AgentDecision): Promise<AgentTable> {
  const { from, to } = decisions[decision];
  const hasNothingToDecide = decision !== 'hold' && row.status === 'active' && to === 'active' && row.held_instance === null;
  if (!from.some((status) => status === row.status) || hasNothingToDecide) throw doesNotFit(row, decision);
  if (decision === 'revoke' && row.kind === 'resident') throw residentStays(row);
  const decided = await change.tx
    .updateTable('agent')
    .set({ status: to, reason: to === 'held' ? 'Somebody holds it.' : null, ...columnsOf(row, decision) })
    .where('id', '=', row.id)
    .where('status', '=', row.status)
    .returningAll()
    .executeTakeFirst();
  if (decided === undefined) throw doesNotFit(row, decision);
  change.audit({ action: `agent.${decision}`, object: { kind: 'agent', id: row.id }, detail: { was: row.status } });
  change.event('agent', row.id);
  if (to !== 'held')
    for (const kind of ['agent-held', 'agent-clone', 'token-reused'])
      await endAlert(change, { kind, object: { kind: 'agent', id: row.id } });
  return decided;
}

function columnsOf(row: AgentTable, decision: AgentDecision): Partial<AgentTable> {
  switch (decision) {
    // The one that is there now is the right one, also on another machine.
    case 'keep':
      return { machine: row.seen_machine ?? row.machine, seen_machine: null, held_instance: null, resync: 1 };
    // The one on the known machine is the right one; the other machine stays out and enrols anew.
    case 'split':
      return { resync: 1 };
    case 'accept-rollback':
      return { resync: 1 };
    default:
      return {};
  }
}

function doesNotFit(row: AgentTable, decision: AgentDecision): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'decision-does-not-fit',
    message: `unable to decide '${decision}' about agent '${row.hostname}', it is ${row.status}`,
    hint: row.status === 'revoked' ? 'Enrol its host anew.' : 'See `fortfail agent list`.',
  });
}

function residentStays(row: AgentTable): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'resident-agent',
    message: `unable to revoke agent '${row.hostname}', it is the one beside the orchestrator`,
    hint: 'Stop it on that machine, or hold it.',
  });
}
