import { join } from 'node:path';
import type { Clock, Logger } from '@fortfail/base';
import { AgentIdentity } from './agent-identity.ts';
import { alarmChannels } from './alarms/alarm-channels.ts';
import { Alarms } from './alarms/alarms.ts';
import type { AgentConfig } from './config.ts';
import { HostKeys } from './identity/host-keys.ts';
import { readSiteFile, type SiteFile } from './identity/site-file.ts';
import type { OutgoingFrame } from './link/agent-link.ts';
import { OrderBook } from './orders/order-book.ts';
import { PlanBook } from './orders/plan-book.ts';
import { Outbox } from './outbox/outbox.ts';
import { Consents } from './policy/consents.ts';
import { PolicyWatch } from './policy/policy-watch.ts';
import { RosterBook } from './policy/roster-book.ts';
import { WitnessBook } from './witness/witness-book.ts';

export interface HostParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly send: (frame: OutgoingFrame) => boolean;
  /** Aborted when the agent stops. */
  readonly signal: AbortSignal;
}

/** What this host holds for its agent: keys, whose orders count, what was accepted, and what waits. */
export interface Host {
  /** Its enrolment, which a renewal replaces; undefined for the resident agent. */
  site: SiteFile | undefined;
  readonly identity: AgentIdentity;
  readonly keys: HostKeys;
  readonly watch: PolicyWatch;
  readonly outbox: Outbox;
  readonly alarms: Alarms;
  readonly orders: OrderBook;
  readonly plans: PlanBook;
  readonly rosters: RosterBook;
  readonly consents: Consents;
  readonly witness: WitnessBook;
  /** The owner's key: of the policy, else as pinned at enrolment. */
  readonly owner: () => string | null;
}

/** Reads all of it. Throws `denied` and `damaged` for keys, policy and books that cannot be trusted. */
export async function openHost({ config, clock, logger, send, signal }: HostParts): Promise<Host> {
  const { agentFolder } = config;
  const identity = await AgentIdentity.open(agentFolder);
  const site = await readSiteFile(agentFolder);
  const keys = await HostKeys.ensure(agentFolder);
  const watch = await PolicyWatch.open(config.policyPaths, agentFolder);
  const owner = (): string | null => watch.last.policy.owner ?? site?.owner ?? null;
  const outbox = await Outbox.open(join(agentFolder, 'outbox'), logger);
  const post = alarmChannels({ clock, logger, signal, channels: () => watch.last.policy.alarm });
  const alarms = new Alarms({ agentFolder, hostname: config.hostname, outbox, clock, logger, send, post });
  const orders = await OrderBook.open(agentFolder, clock);
  if (site !== undefined) orders.trust(site);
  const rosters = await RosterBook.open({ agentFolder, clock, logger, owner, siteId: () => site?.siteId });
  const rosterKeys = async (): Promise<readonly string[]> => rosters.current()?.evidence ?? [];
  return {
    site,
    identity,
    keys,
    watch,
    outbox,
    alarms,
    orders,
    plans: await PlanBook.open(agentFolder, logger),
    rosters,
    consents: new Consents(agentFolder, clock),
    witness: await WitnessBook.open({ agentFolder, clock, logger, rosterKeys }),
    owner,
  };
}
