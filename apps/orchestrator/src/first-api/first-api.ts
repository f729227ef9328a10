import type { Clock, Logger } from '@fortfail/base';
import { type ObjectPlace, type ObjectStore, openObjectStore } from '@fortfail/storage';
import { type ChangeContext, type Changes, systemContext } from '../changes/changes.ts';
import type { EventFeed } from '../changes/event-feed.ts';
import type { Database } from '../database/database.ts';
import type { Leader } from '../replicas/leader.ts';
import { Commands } from './commands.ts';
import { Limits } from './limits.ts';
import { LiveRecords } from './live-records.ts';
import { RestoreJobs } from './restore-jobs.ts';
import { type FirstApiSecrets, resolveSecrets } from './secrets/secret-places.ts';
import type { FirstApiSettings } from './settings.ts';
import { Snapshots } from './snapshots.ts';
import { Tokens } from './tokens.ts';

const sweepEveryMs = 10_000;
const dayMs = 24 * 3_600_000;
/** What was registered and never uploaded goes after a day, what ended after half a year. */
const dropAfterMs = dayMs;
const keepEndedMs = 180 * dayMs;
const keepTokensMs = 60 * dayMs;

export interface FirstApiParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leader: Leader;
  readonly settings: FirstApiSettings;
  readonly secrets: FirstApiSecrets;
  readonly objects: ObjectStore;
}

/**
 * The first API: what clients of the earlier system speak, kept going without its defects. Its snapshots are opaque
 * objects and no restore points of ours; its tokens reach nothing but itself.
 */
export class FirstApi implements AsyncDisposable {
  readonly settings: FirstApiSettings;
  readonly limits: Limits;
  readonly tokens: Tokens;
  readonly snapshots: Snapshots;
  readonly jobs: RestoreJobs;
  readonly commands: Commands;
  readonly records: LiveRecords;
  readonly #parts: FirstApiParts;
  #isPrepared = false;

  constructor(parts: FirstApiParts) {
    const { settings, secrets, database, feed, logger } = parts;
    this.#parts = parts;
    this.settings = settings;
    this.limits = new Limits(parts.clock, settings.perMinute);
    const rules = { crossRestore: settings.crossRestore };
    this.tokens = new Tokens({ ...parts, limits: this.limits, ...secrets, rebind: settings.rebind, foreignJwt: settings.foreignJwt });
    this.snapshots = new Snapshots({ ...parts, rules });
    this.jobs = new RestoreJobs({ ...parts, snapshots: this.snapshots, rules });
    this.commands = new Commands(parts);
    this.records = new LiveRecords(database, feed, logger.child({ component: 'first-api' }));
  }

  get rules(): { readonly crossRestore: boolean } {
    return { crossRestore: this.settings.crossRestore };
  }

  /** Makes folder or bucket. A bucket that cannot be reached yet is tried again with every sweep. */
  async prepare(): Promise<void> {
    if (this.#isPrepared) return;
    try {
      await this.#parts.objects.prepare();
      this.#isPrepared = true;
    } catch (err) {
      if (this.#parts.objects.kind === 'local') throw err;
      this.#parts.logger.warn({ component: 'first-api', err }, 'the object store is not ready');
    }
  }

  /** Until the signal: checks what was uploaded past us, forgets what is over, tells listeners what others stored. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, logger, leader } = this.#parts;
    for (;;) {
      await clock.sleep(sweepEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.prepare();
        // One of several orchestrators is enough, and an object is read only once.
        if (this.#isPrepared && leader.isLeader()) await this.sweep();
        this.records.wake();
      } catch (err) {
        logger.error({ component: 'first-api', err }, 'sweeping failed');
      }
    }
  }

  /** One round of what `work` does. */
  async sweep(context: ChangeContext = systemContext): Promise<void> {
    const now = this.#parts.clock.now().getTime();
    const before = (ms: number): string => new Date(now - ms).toISOString();
    await this.snapshots.sweep({ dropped: before(dropAfterMs), context });
    await this.#forget(before(keepTokensMs), before(keepEndedMs), before(dayMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.objects[Symbol.asyncDispose]();
  }

  async #forget(tokens: string, ended: string, tickets: string): Promise<void> {
    const { database, changes } = this.#parts;
    const [token, ticket, job] = [
      await database.read.selectFrom('legacy_token').select('id').where('expires_at', '<', tokens).limit(1).executeTakeFirst(),
      await database.read.selectFrom('legacy_ticket').select('hash').where('expires_at', '<', tickets).limit(1).executeTakeFirst(),
      await this.#endedJobs(ended).limit(1).executeTakeFirst(),
    ];
    if (token === undefined && ticket === undefined && job === undefined) return;
    await changes.run(systemContext, async (change) => {
      await change.tx.deleteFrom('legacy_token').where('expires_at', '<', tokens).execute();
      await change.tx.deleteFrom('legacy_ticket').where('expires_at', '<', tickets).execute();
      const jobs = (await this.#endedJobs(ended).limit(200).execute()).map(({ id }) => id);
      if (jobs.length === 0) return change.nothing();
      await change.tx.deleteFrom('legacy_job_log').where('job_id', 'in', jobs).execute();
      await change.tx.deleteFrom('legacy_command').where('job_id', 'in', jobs).execute();
      await change.tx.deleteFrom('legacy_job').where('id', 'in', jobs).execute();
      change.audit({ action: 'history.prune', object: { kind: 'site', id: 'site' }, detail: { what: 'legacy-jobs', rows: jobs.length } });
    });
  }

  #endedJobs(ended: string) {
    return this.#parts.database.read
      .selectFrom('legacy_job')
      .select('id')
      .where('status', 'in', ['completed', 'failed'])
      .where('updated_at', '<', ended);
  }
}

/**
 * Opens the first API as the settings say; undefined when it is off. Secrets are resolved here, once for HTTP and
 * WebSocket, also when it is off: what is given must be good. Throws what `resolveSecrets` throws.
 */
export async function openFirstApi(parts: Omit<FirstApiParts, 'secrets' | 'objects'>): Promise<FirstApi | undefined> {
  const { settings, clock } = parts;
  if (settings.reach === 'off') return undefined;
  const secrets = await resolveSecrets(settings.secrets, clock);
  const api = new FirstApi({ ...parts, secrets, objects: await openObjectStore(placeOf(settings, secrets)) });
  await api.prepare();
  return api;
}

function placeOf({ objects }: FirstApiSettings, { s3 }: FirstApiSecrets): ObjectPlace {
  if (objects.kind === 'local') return objects;
  if (s3 === undefined) throw new Error('no keys for the object store');
  return { ...objects, accessKey: s3.accessKey.reveal(), secretKey: s3.secretKey };
}
