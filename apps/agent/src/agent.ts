import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, FortFailError, type Logger } from '@fortfail/base';
import { BrowseDesk } from './browse/browse-desk.ts';
import { browseGuard } from './browse-rules.ts';
import type { AgentConfig } from './config.ts';
import { makePrivateFolder } from './durable-file.ts';
import { finishEnrolment } from './enrol/publish.ts';
import { Renewal } from './enrol/renewal.ts';
import { type Host, openHost } from './host.ts';
import { isOtherMachine, machineMark } from './identity/machine.ts';
import { lockDataFolder } from './instance-lock.ts';
import type { PerformJob } from './jobs/job-context.ts';
import { JobDesk } from './jobs/job-desk.ts';
import { jobPerformer } from './jobs/perform-job.ts';
import { RestoreSpeed } from './jobs/restore-speed.ts';
import { AgentLink, type Hello, type OutgoingFrame } from './link/agent-link.ts';
import { CarrierChoice } from './link/carrier-choice.ts';
import { longPollCarrier } from './link/long-poll-carrier.ts';
import { RemoteSite } from './link/remote-site.ts';
import { stateWriter } from './link/state-file.ts';
import { unixSocketCarrier, webSocketCarrier } from './link/web-socket-carrier.ts';
import { agentListener } from './listener.ts';
import { OrderDesk } from './orders/order-desk.ts';
import { allowOrder, type OrderGuardParts } from './policy/order-guard.ts';
import { type PolicyStand, tellPolicy } from './policy/policy-teller.ts';
import { PasswordFiles } from './repositories/password-file.ts';
import { RepositoryShelf } from './repositories/repository-shelf.ts';
import { clearScratch } from './scratch.ts';
import { SelfRun } from './selfrun/self-run.ts';

export interface AgentParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** What does the jobs; the real ones unless a test says otherwise. */
  readonly perform?: PerformJob | undefined;
}

/** A running agent. Closing it stops its jobs, releases their locks, and leaves outcomes that wait in the outbox. */
export interface Agent extends AsyncDisposable {
  readonly instance: string;
  readonly isConnected: boolean;
}

/**
 * Starts an agent; it connects, and comes back, by itself: to the site it was enrolled at, else to the orchestrator of its
 * own data folder. Throws `conflict` when one works in the data folder already, `denied` for keys that others may read and
 * for a policy that others may change.
 */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const { config, clock, logger } = parts;
  const lock = await lockDataFolder(config.dataFolder);
  const stopping = new AbortController();
  try {
    await makePrivateFolder(config.agentFolder);
    await finishEnrolment(config.agentFolder, clock.now());
    await makePrivateFolder(config.restoreRoot);
    await clearScratch(config.scratchRoot, logger);
    const send = (frame: OutgoingFrame): boolean => link?.send(frame) === true;
    let link: AgentLink | undefined;
    const host = await openHost({ config, clock, logger, send, signal: stopping.signal });
    await host.watch.tell(host.alarms);
    const works = await assemble(parts, host, send, (made) => {
      link = made;
    });
    return run({ lock, stopping, host, logger, ...works });
  } catch (error) {
    stopping.abort(error);
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

interface Works {
  readonly desk: JobDesk;
  readonly link: AgentLink;
  readonly parts: readonly { readonly name: string; run(signal: AbortSignal): Promise<void> }[];
}

async function assemble(
  parts: AgentParts,
  host: Host,
  send: (frame: OutgoingFrame) => boolean,
  made: (link: AgentLink) => void,
): Promise<Works> {
  const { config, clock, logger, version } = parts;
  const { outbox, alarms, orders, site } = host;
  const shelf = new RepositoryShelf({ passwords: new PasswordFiles(config.agentFolder), clock, logger });
  const desk = deskOf(parts, host, shelf, send);
  const selfRun = await selfRunOf(parts, host, desk);
  const ordered = (planId: string): Promise<void> => selfRun.ordered(planId);
  const orderDesk = new OrderDesk({ book: orders, desk, alarms, outbox, logger, send, ordered });
  const browse = new BrowseDesk({ shelf, clock, guard: browseGuard(host, clock) });
  const stands = stateWriter(config.agentFolder, version, clock, logger);
  const listener = agentListener({ host, desk, orders: orderDesk, browse, clock, send, stands });
  const machine = await machineMark();
  const hello = (): Hello => helloOf(parts, host, machine);
  const remote = await remoteSite(host, clock);
  const prove = remote === undefined ? undefined : (nonce: string): Promise<string> => remote.linkProof(nonce);
  const link = new AgentLink({ carriers: carriersOf(config, remote, clock), clock, logger, outbox, hello, prove, listener });
  made(link);
  const works = [
    { name: 'desk', run: (signal: AbortSignal) => desk.speak(signal) },
    { name: 'shelf', run: (signal: AbortSignal) => shelf.tidy(signal) },
  ];
  if (site !== undefined && isOtherMachine(site.machine, machine)) {
    // Copied with its disk, or moved: until a person says which, it neither obeys nor runs anything.
    const sentence = 'This installation was moved or copied to another machine. Type `fortfail agent moved`, or enrol a copy anew.';
    stands({ state: 'waiting', carrier: '', site: site.siteName, reason: sentence, standing: undefined });
    await alarms.raise('machine-changed', sentence);
    return { desk, link, parts: works };
  }
  works.push({ name: 'policy', run: (signal) => tellPolicy({ clock, send, read: () => policyStand(host) }, signal) });
  works.push({ name: 'self-run', run: (signal) => selfRun.run(signal) });
  if (site === undefined || remote !== undefined) works.push({ name: 'link', run: (signal) => link.run(signal) });
  if (site !== undefined && remote !== undefined) {
    const renewal = new Renewal({ agentFolder: config.agentFolder, hostname: config.hostname, site, host, remote, clock, logger });
    works.push({ name: 'renewal', run: (signal) => renewal.run(signal) });
  }
  return { desk, link, parts: works };
}

function deskOf(parts: AgentParts, host: Host, shelf: RepositoryShelf, send: (frame: OutgoingFrame) => boolean): JobDesk {
  const { config, clock, logger } = parts;
  const guard = guardParts(parts, host, shelf);
  return new JobDesk({
    clock,
    logger,
    outbox: host.outbox,
    perform: parts.perform ?? realPerformer(parts, host, shelf),
    allow: (payload, jobId) => allowOrder(payload, jobId, guard),
    jobsAtOnce: config.jobsAtOnce,
    send,
  });
}

async function selfRunOf({ config, clock, logger }: AgentParts, { plans, alarms, watch }: Host, desk: JobDesk): Promise<SelfRun> {
  return await SelfRun.open({
    agentFolder: config.agentFolder,
    plans,
    desk,
    alarms,
    clock,
    logger,
    grace: () => watch.last.policy.selfrun_grace,
    hasCatalog: () => exists(join(config.dataFolder, 'catalog.db')),
    newJobId: () => `job_${randomBytes(8).toString('hex')}`,
  });
}

async function policyStand(host: Host): Promise<PolicyStand> {
  const { digest } = await host.watch.read(host.alarms);
  return { policyDigest: digest, hasOwner: host.owner() !== null };
}

function realPerformer({ config, clock, logger, version }: AgentParts, host: Host, shelf: RepositoryShelf): PerformJob {
  const { identity, keys, watch, alarms } = host;
  return jobPerformer({
    config,
    clock,
    logger,
    shelf,
    speed: new RestoreSpeed(),
    programVersion: `fortfail ${version}`,
    self: { agentId: () => identity.id ?? '', keys },
    policy: async () => (await watch.read(alarms)).policy,
    roster: () => host.rosters.current(),
  });
}

function guardParts({ config, clock, logger }: AgentParts, host: Host, shelf: RepositoryShelf): OrderGuardParts {
  const { watch, consents, rosters, alarms, identity, site } = host;
  return {
    config,
    passwords: shelf.passwords,
    watch,
    consents,
    rosters,
    alarms,
    clock,
    logger,
    agentId: () => identity.id ?? '',
    hasOwner: () => host.owner() !== null,
    isLocal: site === undefined,
  };
}

async function remoteSite({ site, keys }: Host, clock: Clock): Promise<RemoteSite | undefined> {
  if (site === undefined || site.url === '') return undefined;
  const { url, agentId, ca, certificate } = site;
  return await RemoteSite.open({ url, agentId, ca, certificate, identity: keys.identity, clock });
}

function carriersOf(config: AgentConfig, remote: RemoteSite | undefined, clock: Clock): CarrierChoice {
  if (remote === undefined) return new CarrierChoice([unixSocketCarrier(config.socketPath)], clock);
  return new CarrierChoice([webSocketCarrier(remote, clock), longPollCarrier(remote, clock)], clock);
}

function helloOf({ config, version }: AgentParts, host: Host, machine: string): Hello {
  const { identity, keys, watch, orders, site } = host;
  return {
    agentId: site?.agentId ?? identity.id,
    instance: identity.instance,
    hostname: config.hostname,
    version,
    isRoot: config.isRoot,
    restoreRoot: config.restoreRoot,
    machine,
    identity: keys.identity.thumbprint,
    sealing: keys.sealing.recipient,
    signing: keys.signing.publicLine,
    policyDigest: watch.last.digest,
    hasOwner: host.owner() !== null,
    lastOrder: orders.last,
    ...(site === undefined ? {} : { generation: site.generation }),
  };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

interface Running extends Works {
  readonly lock: AsyncDisposable;
  readonly stopping: AbortController;
  readonly host: Host;
  readonly logger: Logger;
}

function run({ lock, stopping, host, desk, link, parts, logger }: Running): Agent {
  const watch = (name: string, work: Promise<void>): Promise<void> =>
    work.catch((err: unknown) => logger.error({ component: 'agent', part: name, err }, 'a part of the agent ended'));
  const work = parts.map((part) => watch(part.name, part.run(stopping.signal)));
  return {
    instance: host.identity.instance,
    get isConnected() {
      return link.isConnected;
    },
    async [Symbol.asyncDispose]() {
      // Jobs first, while the link can still carry what they end with.
      await desk.close();
      stopping.abort(new FortFailError({ kind: 'cancelled', code: 'agent-stops', message: 'the agent stops' }));
      await Promise.all(work);
      await lock[Symbol.asyncDispose]();
    },
  };
}
