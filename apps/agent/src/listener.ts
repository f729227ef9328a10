import { asFortFailError, type Clock, FortFailError, toErrorRecord } from '@fortfail/base';
import type { AgentQuestion, AuditHead, SignedText } from '@fortfail/protocol';
import type { BrowseDesk } from './browse/browse-desk.ts';
import type { Host } from './host.ts';
import type { JobDesk } from './jobs/job-desk.ts';
import type { LinkListener, LinkState, OutgoingFrame, Welcome } from './link/agent-link.ts';
import type { OrderDesk } from './orders/order-desk.ts';

export interface ListenerParts {
  readonly host: Host;
  readonly desk: JobDesk;
  readonly orders: OrderDesk;
  readonly browse: BrowseDesk;
  readonly clock: Clock;
  readonly send: (frame: OutgoingFrame) => boolean;
  readonly stands: (state: LinkState) => void;
}

/** What the agent does with what its link hears. */
export function agentListener(parts: ListenerParts): LinkListener {
  const { desk, orders, stands } = parts;
  return {
    holds: () => desk.holds(),
    welcomed: (welcome) => welcomed(welcome, parts),
    leased: (lease) => orders.leased(lease),
    revoked: (hold) => desk.lose(hold),
    cancelled: (hold, reason) => desk.cancel(hold, reason),
    planned: (order) => planned(order, parts),
    rostered: (roster) => rostered(roster, parts),
    headed: (head) => headed(head, parts),
    answer: (question) =>
      answerQuestion(question, parts).then(
        (result) => ({ ok: true, result, error: null }),
        (error: unknown) => ({ ok: false, result: null, error: toErrorRecord(asFortFailError(error)) }),
      ),
    stands,
  };
}

async function welcomed({ agentId, linkKeys = [], roster }: Welcome, parts: ListenerParts): Promise<void> {
  const { site, identity, orders } = parts.host;
  if (site === undefined) {
    await identity.accept(agentId);
    // The socket lies in this user's own folder: who speaks there may say whose orders count.
    orders.trust({ agentId, siteId: undefined, linkKeys });
  } else if (agentId !== site.agentId) {
    throw new FortFailError({ kind: 'denied', code: 'other-agent', message: `unable to work as '${agentId}', this agent is another` });
  }
  if (roster !== undefined && roster !== null) await rostered(roster, parts);
}

async function rostered(roster: SignedText, { host: { rosters, alarms } }: ListenerParts): Promise<void> {
  const fault = await rosters.offer(roster);
  if (fault !== null) await alarms.raise('roster-refused', `A roster was refused: ${fault}.`);
}

async function planned(order: string, { host, clock }: ListenerParts): Promise<void> {
  const { orders, plans, alarms } = host;
  try {
    const shrunk = await plans.accept(await orders.readPlans(order), clock.now());
    if (shrunk.length > 0) await alarms.raise('plan-shrunk', `The plans of this host protect less than before: ${shrunk.join('; ')}.`);
  } catch (error) {
    const { message, code } = asFortFailError(error);
    await alarms.raise('plans-forged', `Plans were refused: ${message} (${code}).`);
  }
}

async function headed(head: AuditHead, { host, send }: ListenerParts): Promise<void> {
  const witnessed = await host.witness.see(head);
  if (witnessed === undefined) return;
  send(witnessed.frame);
  if (witnessed.fault !== null)
    await host.alarms.raise('witness-differs', `The site's audit chain is not as this host saw it: ${witnessed.fault}.`);
}

async function answerQuestion(question: AgentQuestion, { browse, host }: ListenerParts): Promise<unknown> {
  if (question.method === 'browse' || question.method === 'list-files') return await browse.answer(question);
  if (question.method === 'witness') return { heads: host.witness.heads(question.chain, question.limit) };
  throw new FortFailError({ kind: 'denied', code: 'unknown-question', message: 'unable to answer a question of that kind' });
}
