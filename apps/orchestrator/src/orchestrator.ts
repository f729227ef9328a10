import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Logger, systemClock } from '@fortfail/base';
import type { FastifyInstance } from 'fastify';
import { ApiTokens } from './access/api-tokens.ts';
import { BackOff } from './access/back-off.ts';
import { OpenStreams } from './access/open-streams.ts';
import { Passkeys } from './access/passkeys.ts';
import { Passwords } from './access/passwords.ts';
import { Persons } from './access/persons.ts';
import { Sessions } from './access/sessions.ts';
import { AgentHub } from './agents/agent-hub.ts';
import { AgentProofs } from './agents/agent-proofs.ts';
import { openProofMemory } from './agents/proof-memory.ts';
import { SiteNonces } from './agents/site-nonces.ts';
import { AlertWatch } from './alerts/alert-watch.ts';
import { buildApp } from './app.ts';
import { AuditFile } from './audit/audit-file.ts';
import { HeadSigner } from './audit/signed-heads.ts';
import { SiteAuthority } from './ca/site-authority.ts';
import { catalogEffects } from './catalog/settle.ts';
import { CatalogCopies } from './catalog-copy/catalog-copies.ts';
import { Changes, systemContext } from './changes/changes.ts';
import { EventFeed } from './changes/event-feed.ts';
import type { Config } from './config.ts';
import type { Database } from './database/database.ts';
import { openPostgres } from './database/postgres-database.ts';
import { openSqlite } from './database/sqlite-database.ts';
import { openFirstApi } from './first-api/first-api.ts';
import type { FirstApiSettings } from './first-api/settings.ts';
import { GrantWatch } from './grants/grant-watch.ts';
import { History } from './history/history.ts';
import { withExposed } from './http/exposed-addresses.ts';
import { ownAddresses } from './http/guards.ts';
import { newLink } from './http/handlers/sign-in-handlers.ts';
import { newId } from './ids.ts';
import { JobLog } from './jobs/job-log.ts';
import { JobProgressBoard } from './jobs/job-progress.ts';
import { JobQueue, leaseSeconds } from './jobs/job-queue.ts';
import { SiteKeys } from './keys/site-keys.ts';
import { EscrowWatch } from './kit/escrows.ts';
import { type DataFolder, explain, openDataFolder } from './listening/data-folder.ts';
import { Exposure, type ExposureParts } from './listening/exposure.ts';
import { Listeners } from './listening/listen.ts';
import { openHomeId } from './replicas/home-id.ts';
import { openReplicas } from './replicas/open-replicas.ts';
import { type Replicas, soleReplica } from './replicas/replicas.ts';
import { SiteClock } from './replicas/site-clock.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import type { Addresses, Services, Site } from './services.ts';

const stopGraceMs = 3000;
const version = '0.1.0';

export interface ServiceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly siteName: string;
  readonly addresses: () => Addresses;
  /** What the site signs with. Tests have them in memory. */
  readonly keys?: SiteKeys;
  /** Where keys and certificates are kept; in tests they are in memory. */
  readonly dataFolder?: string;
  readonly caKeyFile?: string | undefined;
  /** How other hosts reach this site, as far as somebody set it. */
  readonly reach?: Pick<ExposureParts, 'publicUrl' | 'host' | 'tls' | 'tlsCa'>;
  /** This process among others; in tests it is mostly the only one. */
  readonly replicas?: Replicas;
  /** Where the audit file lies; none in tests. */
  readonly auditPath?: string;
  /** Where copies of a database outside the data folder are put for the agent. */
  readonly copyFolder?: string | undefined;
  /** Undefined: the first API is off. */
  readonly firstApi?: FirstApiSettings | undefined;
  /** Told when the first person was made. */
  readonly onFirstPerson?: () => void;
}

/** Everything behind the doors: built the same way for the process and for tests. */
export async function buildServices(parts: ServiceParts): Promise<Services> {
  const { database, clock, logger, replicas = soleReplica('home_0000000000000000') } = parts;
  const feed = new EventFeed(database, replicas.bus);
  const changes = new Changes(database, feed, clock);
  const site = await loadSite(database, changes, parts.siteName);
  const auditFile = parts.auditPath === undefined ? undefined : await AuditFile.open(parts.auditPath, database, clock, logger);
  if (auditFile !== undefined) {
    changes.followAudit(() => auditFile.poke());
    // What other processes commit belongs into this one's file, too.
    replicas.bus.subscribe((message) => {
      if (message.type === 'stored') auditFile.poke();
    });
  }
  const keys = parts.keys ?? SiteKeys.inMemory();
  const authority = new SiteAuthority({
    dataFolder: parts.dataFolder,
    caKeyFile: parts.caKeyFile,
    siteId: site.id,
    now: () => clock.now(),
  });
  const exposure = new Exposure({ ...parts.reach, dataFolder: parts.dataFolder, authority, clock, logger });
  const addresses = (): Addresses => withExposed(parts.addresses(), exposure.hosts());
  const nonces = new SiteNonces(keys.link, clock);
  const proofs = new AgentProofs({ database, clock, memory: openProofMemory(database, clock), nonces });
  const queue = new JobQueue({ database, changes, clock, logger, effects: catalogEffects({ site: site.id, keys }) });
  const log = new JobLog(database, feed);
  const progress = new JobProgressBoard(feed);
  const { copyFolder } = parts;
  const copies = copyFolder === undefined ? undefined : new CatalogCopies({ database, clock, version, folder: copyFolder });
  const hub = new AgentHub({ database, changes, clock, logger, queue, log, progress, feed, site, keys, copies, replicas });
  return {
    site,
    clock,
    logger,
    database,
    changes,
    feed,
    queue,
    log,
    progress,
    hub,
    keys,
    proofs,
    authority,
    exposure,
    replicas,
    leader: replicas.leader,
    persons: new Persons(database, parts.onFirstPerson),
    sessions: new Sessions(database, clock),
    tokens: new ApiTokens(database, clock),
    streams: new OpenStreams(),
    passwords: new Passwords(),
    passkeys: new Passkeys(database, clock),
    backOff: new BackOff(clock),
    auditFile,
    firstApi:
      parts.firstApi && (await openFirstApi({ database, changes, feed, clock, logger, leader: replicas.leader, settings: parts.firstApi })),
    addresses,
  };
}

async function loadSite(database: Database, changes: Changes, name: string): Promise<Site> {
  const known = await database.read.selectFrom('site').selectAll().executeTakeFirst();
  if (known !== undefined) return { id: known.id, name: known.name, version };
  return changes.run(systemContext, async (change) => {
    // Of several processes that start on an empty database one makes the site: the others wait here and find it.
    await change.tx
      .updateTable('event_head')
      .set((eb) => ({ seq: eb.ref('seq') }))
      .where('name', '=', 'main')
      .execute();
    const made = await change.tx.selectFrom('site').selectAll().executeTakeFirst();
    if (made !== undefined) return change.nothing({ id: made.id, name: made.name, version });
    const id = newId('ste');
    await change.tx.insertInto('site').values({ id, name, created_at: change.now }).execute();
    change.audit({ action: 'site.create', object: { kind: 'site', id }, detail: { name } });
    return { id, name, version };
  });
}

export interface Orchestrator {
  readonly url: string;
  readonly port: number;
  readonly socketPath: string;
  /** Ends in good order: no more leases, doors closed, audit file written, database closed, folder given free. */
  stop(): Promise<void>;
}

/** Starts the whole process. Throws with the kind of what is in the way; then nothing is left behind. */
export async function startOrchestrator(config: Config, logger: Logger, consoleFolder: string): Promise<Orchestrator> {
  await using stack = new AsyncDisposableStack();
  const folder = openDataFolder(config.dataFolder);
  stack.use(folder);
  const listeners = new Listeners({ ...config, socketPath: folder.socketPath });
  const bound = { port: config.port };
  const addresses = (): Addresses => ownAddresses(listeners.ownNames(), bound.port, config.tls !== undefined, config.publicUrl);
  const database = stack.use(await openDatabase(config, folder));
  const keys = SiteKeys.open(config.dataFolder, config);
  const siteClock = new SiteClock(systemClock);
  const home = openHomeId(config.dataFolder);
  const compareClock = (databaseMs: number, tookMs: number): number => siteClock.compare(databaseMs, tookMs);
  const linkKey = keys.link.fingerprint;
  const replicas = stack.use(openReplicas({ database, clock: siteClock, logger, home, version, linkKey, compareClock }));
  await replicas.begin();
  const services = await buildServices({
    database,
    clock: siteClock,
    logger,
    siteName: config.siteName,
    auditPath: config.auditPath,
    firstApi: config.firstApi,
    addresses,
    keys,
    dataFolder: config.dataFolder,
    caKeyFile: config.caKeyFile,
    reach: config,
    replicas,
    copyFolder: config.databaseUrl === undefined ? undefined : join(config.dataFolder, 'run', 'catalog-copy'),
    onFirstPerson: () => rmSync(folder.firstLoginPath, { force: true }),
  }).catch((error: unknown) => {
    throw explain(config.dataFolder, error);
  });
  if (services.auditFile !== undefined) stack.use(services.auditFile);
  if (services.firstApi !== undefined) stack.use(services.firstApi);
  const app = await buildApp(services, { isLocal: listeners.isLocal, consoleFolder, trustedProxies: config.trustedProxies });
  await app.ready();
  stack.defer(() => closeDoors(app, listeners, services));
  bound.port = await listeners.bindTcp(app, services.authority.certificate);
  await services.exposure.start(app, listeners, () => bound.port);
  const stopping = new AbortController();
  await writeFirstLogin(services, folder);
  await listeners.bindLocal(app);
  const loops = [
    replicas.work(stopping.signal),
    services.hub.tick(stopping.signal, leaseSeconds * 1000),
    new Scheduler(services).work(stopping.signal),
    services.firstApi?.work(stopping.signal),
    new History(services).work(stopping.signal),
    services.exposure.work(stopping.signal),
    new AlertWatch(services).work(stopping.signal),
    new HeadSigner(services).work(stopping.signal),
    new EscrowWatch(services).work(stopping.signal),
    new GrantWatch(services).work(stopping.signal),
  ];
  stack.defer(async () => {
    stopping.abort();
    await Promise.all(loops);
  });
  const owned = stack.move();
  return { url: addresses().url, port: bound.port, socketPath: folder.socketPath, stop: () => owned.disposeAsync() };
}

async function closeDoors(app: FastifyInstance, listeners: Listeners, services: Services): Promise<void> {
  await services.hub.stop();
  // Together: what does not answer the closing of its socket is cut off with the connections.
  await Promise.all([app.close(), listeners.close(() => services.clock.sleep(stopGraceMs))]);
}

async function openDatabase(config: Config, folder: DataFolder): Promise<Database> {
  if (config.databaseUrl !== undefined) return openPostgres(config.databaseUrl);
  try {
    const database = await openSqlite(folder.databasePath);
    for (const suffix of ['', '-wal', '-shm']) chmodSync(`${folder.databasePath}${suffix}`, 0o600);
    return database;
  } catch (error) {
    throw explain(config.dataFolder, error);
  }
}

/** Before anyone signed in, a start leaves a fresh one-time link in a file that only this user can read. */
async function writeFirstLogin(services: Services, folder: DataFolder): Promise<void> {
  rmSync(folder.firstLoginPath, { force: true });
  if (await services.persons.hasSome()) return;
  const { url } = await services.changes.run(systemContext, (change) => newLink(services, change));
  writeFileSync(folder.firstLoginPath, `${url}\n`, { mode: 0o600, flag: 'wx' });
}

/** Where `npm run build:console` puts the console, seen from here. */
export function defaultConsoleFolder(): string {
  return join(import.meta.dirname, '..', '..', 'console', 'dist');
}
