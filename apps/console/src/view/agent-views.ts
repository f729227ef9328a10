import type { Agent, AgentDecision } from '@fortfail/protocol';
import { counted } from '../format/quantity.ts';
import type { Tone } from '../ui/tone.ts';

export type Standing = 'heard' | 'silent' | 'never' | 'suspect' | 'pending' | 'held' | 'revoked';

/** How a host stands: what a person decided, or has to decide, comes before whether it is heard. */
export const standingOf = ({ status, connected, lastSeenAt, reason }: Agent): Standing => {
  if (status === 'revoked' || status === 'held' || status === 'pending') return status;
  if (reason !== null) return 'suspect';
  if (connected) return 'heard';
  return lastSeenAt === null ? 'never' : 'silent';
};

export const standingTone: Readonly<Record<Standing, Tone>> = {
  heard: 'safe',
  silent: 'unknown',
  never: 'unknown',
  suspect: 'risk',
  pending: 'wait',
  held: 'held',
  revoked: 'stopped',
};
export const standingWord: Readonly<Record<Standing, string>> = {
  heard: 'Heard',
  silent: 'Silent',
  never: 'Never heard',
  suspect: 'Suspect',
  pending: 'Waits for approval',
  held: 'Held',
  revoked: 'Revoked',
};
const order: readonly Standing[] = ['pending', 'held', 'suspect', 'silent', 'never', 'heard', 'revoked'];

/** What wants a person first, then what is silent; revoked ones last. */
export const agentsInOrder = (agents: readonly Agent[]): Agent[] =>
  [...agents].sort(
    (a, b) =>
      order.indexOf(standingOf(a)) - order.indexOf(standingOf(b)) || (a.hostname < b.hostname ? -1 : a.hostname > b.hostname ? 1 : 0),
  );

/** Hosts that count: a revoked one is over. */
const counting = (agents: readonly Agent[]): Agent[] => agents.filter(({ status }) => status !== 'revoked');

/** How many hosts are heard, of how many: `3/4`. */
export const heardOf = (agents: readonly Agent[]): string => {
  const all = counting(agents);
  return `${all.filter(({ connected }) => connected).length}/${all.length}`;
};

/** The answer of the page: `3 of 4 hosts are heard; lab-nas is silent since 21 Nov 06:12`. */
export const agentsTitle = (agents: readonly Agent[], momentOf: (at: string) => string): string => {
  const all = counting(agents);
  const silent = all
    .filter(({ connected }) => !connected)
    .sort((a, b) => Date.parse(a.lastSeenAt ?? a.enrolledAt) - Date.parse(b.lastSeenAt ?? b.enrolledAt));
  if (all.length === 0) return 'No host has an agent yet';
  const first = silent[0];
  if (first === undefined) return all.length === 1 ? 'The one host is heard' : `All ${all.length} hosts are heard`;
  const heard = `${all.length - silent.length} of ${counted(all.length, 'host is', 'hosts are')} heard`;
  const longest =
    first.lastSeenAt === null ? `${first.hostname} was never heard` : `${first.hostname} is silent since ${momentOf(first.lastSeenAt)}`;
  return `${heard}; ${longest}${silent.length > 1 ? `, ${counted(silent.length - 1, 'more is', 'more are')} not heard` : ''}`;
};

/** The answer of one host's page. */
export const agentTitle = (agent: Agent, momentOf: (at: string) => string): string => {
  const { hostname, lastSeenAt } = agent;
  switch (standingOf(agent)) {
    case 'heard':
      return `${hostname} is heard`;
    case 'silent':
      return `${hostname} is silent${lastSeenAt === null ? '' : ` since ${momentOf(lastSeenAt)}`}`;
    case 'never':
      return `${hostname} was never heard`;
    case 'suspect':
      return `${hostname} is suspect: there may be a copy of it`;
    case 'pending':
      return `${hostname} waits for your approval`;
    case 'held':
      return `${hostname} is held and gets no jobs`;
    case 'revoked':
      return `${hostname} is revoked for good`;
  }
};

/** What a person may decide about a host now. */
export const decisionsFor = (agent: Agent): readonly AgentDecision[] => {
  switch (standingOf(agent)) {
    case 'pending':
      return ['approve', 'hold', 'revoke'];
    case 'held':
      return ['approve', 'keep', 'split', 'accept-rollback', 'revoke'];
    case 'suspect':
      return ['keep', 'split', 'hold', 'revoke'];
    case 'revoked':
      return [];
    default:
      return ['hold', 'revoke'];
  }
};

/** Hosts that somebody has to look at. */
export const undecided = (agents: readonly Agent[]): Agent[] =>
  agentsInOrder(agents).filter((agent) => ['pending', 'held', 'suspect'].includes(standingOf(agent)));

export interface DecisionText {
  /** The verb on the button. */
  readonly verb: string;
  readonly title: string;
  /** What it does, and when it is right. */
  readonly sentence: string;
}

/** Says what a decision does before it is made. */
export const decisionText = (decision: AgentDecision, { hostname, status }: Pick<Agent, 'hostname' | 'status'>): DecisionText => {
  switch (decision) {
    case 'approve':
      return {
        verb: 'Approve',
        title: `Approve ${hostname}?`,
        sentence:
          status === 'pending'
            ? 'It becomes one of your hosts and gets jobs. Approve it only if the host itself shows the same six words.'
            : 'It gets jobs again, as it is.',
      };
    case 'hold':
      return {
        verb: 'Hold',
        title: `Hold ${hostname}?`,
        sentence: 'It gets no jobs until somebody approves it again. Its restore points stay.',
      };
    case 'keep':
      return {
        verb: 'Keep this one',
        title: `Keep the ${hostname} that is there now?`,
        sentence:
          'The one that called last is the right one, also when its machine is another: the host was moved. Look at the host first; whoever copied its disk would look the same from here.',
      };
    case 'split':
      return {
        verb: 'Keep the known one',
        title: `Keep the known machine of ${hostname}, and shut the copy out?`,
        sentence: 'The machine that was known stays this host. The other one is shut out: it has to be enrolled as a host of its own.',
      };
    case 'accept-rollback':
      return {
        verb: 'Accept the older state',
        title: `Accept that ${hostname} was set back?`,
        sentence: 'Its machine was set back to an older state on purpose, as from a snapshot. Its certificate goes on from there.',
      };
    case 'revoke':
      return {
        verb: 'Revoke',
        title: `Revoke ${hostname} for good?`,
        sentence:
          'Its key never counts again and its link ends at once. Its restore points stay. To come back, the host has to be enrolled anew. Whoever has its disk can still read what its own repository key opens.',
      };
  }
};

/** How much of a certificate's life is left, as a tone: it renews itself long before its end. */
export const certificateTone = (until: string, now: number): Tone => {
  const left = Date.parse(until) - now;
  return left <= 0 ? 'lost' : left < 5 * 86_400_000 ? 'risk' : 'safe';
};

/** Hosts that came after a join string was made, newest first: one of them should be the one it was made for. */
export const arrivedSince = (agents: readonly Agent[], since: number): Agent[] =>
  agents
    .filter(({ kind, enrolledAt }) => kind === 'remote' && Date.parse(enrolledAt) >= since)
    .sort((a, b) => Date.parse(b.enrolledAt) - Date.parse(a.enrolledAt));
