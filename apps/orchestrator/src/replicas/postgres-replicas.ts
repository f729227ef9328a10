import { hostname } from 'node:os';
import { type Clock, FortFailError, type Logger, toErrorRecord } from '@fortfail/base';
import type { Database, DatabaseSession } from '../database/database.ts';
import { randomHex } from '../ids.ts';
import type { Leader } from './leader.ts';
import { SharedPresence } from './presence.ts';
import { Relay } from './relay.ts';
import { databaseMsText, freshAgentMs, isLiveText } from './replica-rows.ts';
import type { Replicas } from './replicas.ts';
import { fromPayload, Outgoing, type SiteBus, type SiteMessage, toPayloads } from './site-bus.ts';

const channel = 'fortfail';
const beatMs = 1000;
/** Looking where agents are is dearer than the rest, and moves are told. */
const presenceEveryBeats = 3;
const tidyEveryBeats = 60;
/** How long after its last beat a process still believes that it leads: less than others wait before they end its session. */
const trustMs = 8000;
const stuckMs = 15_000;
const [lockClass, lockObject] = [0x46_46_52_50, 1];
const keptMs = 3_600_000;

export interface PostgresReplicasParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly home: string;
  readonly version: string;
  /** Fingerprint of the key that signs orders: agents believe one. */
  readonly linkKey: string;
  /** Told what the database's clock says, at most `tookMs` ago; answers by how much this machine's is behind. */
  readonly compareClock?: ((databaseMs: number, tookMs: number) => number) | undefined;
}

interface State {
  readonly heads: string;
  readonly others: readonly string[];
  readonly has_mail: boolean;
}

/**
 * One of several processes on a PostgreSQL database. All goes over one session of its own: it hears notifications there,
 * holds the leader's lock there and says every second that it lives. When the session breaks, leadership is over at once and
 * a new one is opened; what was said meanwhile is found in the tables.
 */
export class PostgresReplicas implements Replicas {
  readonly id = `rpl_${randomHex(8)}`;
  readonly home: string;
  readonly bus: SiteBus;
  readonly leader: Leader;
  readonly presence: SharedPresence;
  readonly relay: Relay;
  readonly #parts: PostgresReplicasParts;
  readonly #logger: Logger;
  readonly #outgoing = new Outgoing();
  readonly #listeners = new Set<(message: SiteMessage) => void>();
  #session: DatabaseSession | undefined;
  #flushing: Promise<void> | undefined;
  #holdsLock = false;
  #beatAtMs = Number.NEGATIVE_INFINITY;
  #others: readonly string[] = [];
  #heads = '';
  #beats = 0;
  #isPresenceStale = true;
  #isDown = false;

  constructor(parts: PostgresReplicasParts) {
    this.#parts = parts;
    this.home = parts.home;
    this.#logger = parts.logger.child({ component: 'replicas', replica: this.id });
    this.bus = { publish: (message) => this.#publish(message), subscribe: (hear) => this.#subscribe(hear) };
    this.leader = { isLeader: () => this.#holdsLock && parts.clock.monotonicMs() - this.#beatAtMs < trustMs };
    this.presence = new SharedPresence(this.id, parts.database, this.bus);
    this.relay = new Relay(this.id, parts.database, this.bus);
  }

  others(): readonly string[] {
    return this.#others;
  }

  async begin(): Promise<void> {
    await this.beat();
    await this.#refuseOtherKeys();
    this.#publish({ type: 'presence' });
  }

  async work(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(beatMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.#tryBeat();
    }
  }

  /** Says that this process lives, and looks at all that somebody might have told it. */
  async beat(): Promise<void> {
    const session = await this.#open();
    await this.#sayAlive(session);
    if (!this.#holdsLock) await this.#tryLead(session);
    const state = await this.#look(session);
    if (this.#others.length === 0 && state.others.length > 0) this.#isPresenceStale = true;
    this.#others = state.others;
    this.#beats += 1;
    if (this.#isPresenceStale || this.#beats % presenceEveryBeats === 0) await this.#lookForAgents(session);
    if (this.leader.isLeader() && this.#beats % tidyEveryBeats === 0) await tidy(session);
    if (state.heads !== this.#heads) {
      this.#heads = state.heads;
      this.#hear({ type: 'stored' });
    }
    if (state.has_mail) await this.relay.collect();
  }

  async #tryBeat(): Promise<void> {
    try {
      await this.beat();
      if (this.#isDown) this.#logger.info({}, 'the database can be reached again');
      this.#isDown = false;
    } catch (err) {
      if (!this.#isDown) this.#logger.warn({ err }, 'the session with the database broke; a new one is tried every second');
      this.#isDown = true;
    }
  }

  async #open(): Promise<DatabaseSession> {
    if (this.#session !== undefined) return this.#session;
    const { database } = this.#parts;
    if (database.openSession === undefined) throw new Error('this database has no sessions');
    const session = await database.openSession(channel, (payload) => this.#receive(payload));
    this.#session = session;
    this.#isPresenceStale = true;
    void session.ended.then(() => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#dropLead('its session ended');
    });
    return session;
  }

  /** The row is written by the session that holds the lock, so whoever reads it knows whose session to end. */
  async #sayAlive(session: DatabaseSession): Promise<void> {
    const { clock, version, linkKey } = this.#parts;
    const sentMs = clock.monotonicMs();
    const [row] = await session.query<{ seen_ms: string }>(
      `insert into replica (id, home, hostname, pid, version, link_key, backend, started_at, seen_ms)
       values ($1, $2, $3, $4, $5, $6, pg_backend_pid(), $7, ${databaseMsText})
       on conflict (id) do update set seen_ms = excluded.seen_ms, backend = excluded.backend returning seen_ms`,
      [this.id, this.home, hostname(), process.pid, version, linkKey, clock.now().toISOString()],
    );
    const nowMs = clock.monotonicMs();
    this.#beatAtMs = nowMs;
    const behindMs = this.#parts.compareClock?.(Number(row?.seen_ms), nowMs - sentMs) ?? 0;
    if (Math.abs(behindMs) > 2000 && this.#beats % tidyEveryBeats === 0)
      this.#logger.warn({ behindMs: Math.round(behindMs) }, "this machine's clock differs from the database's, whose time is used");
  }

  async #tryLead(session: DatabaseSession): Promise<void> {
    const [row] = await session.query<{ got: boolean }>('select pg_try_advisory_lock($1, $2) as got', [lockClass, lockObject]);
    if (row?.got === true) {
      this.#holdsLock = true;
      this.#logger.info({}, 'this process leads: it schedules, tidies and watches');
    } else if (this.#beats % presenceEveryBeats === 0) await this.#endStuckLeader(session);
  }

  /** A leader that is stopped or hangs keeps its lock, since its connection stands. Ending its session frees it. */
  async #endStuckLeader(session: DatabaseSession): Promise<void> {
    const stuck = await session.query<{ id: string }>(
      `select r.id, pg_terminate_backend(l.pid) from pg_locks l join replica r on r.backend = l.pid
       where l.locktype = 'advisory' and l.granted and l.classid = $1 and l.objid = $2
         and l.database = (select oid from pg_database where datname = current_database())
         and r.id <> $3 and r.seen_ms < ${databaseMsText} - ${stuckMs}`,
      [lockClass, lockObject, this.id],
    );
    for (const { id } of stuck) this.#logger.warn({ stuck: id }, 'the leading process does not move any more; its session was ended');
  }

  async #look(session: DatabaseSession): Promise<State> {
    const [state] = await session.query<State>(
      `select (select seq from event_head where name = 'main') || ' ' || (select sum(seq) from audit_head) as heads,
         (select coalesce(json_agg(r.id), '[]') from replica r where r.id <> $1 and ${isLiveText}) as others,
         exists (select 1 from relay where to_replica = $1) as has_mail`,
      [this.id],
    );
    if (state === undefined) throw new Error('a select without a row');
    return state;
  }

  /** Keeps the rows of agents that were heard fresh, and learns where the others are. */
  async #lookForAgents(session: DatabaseSession): Promise<void> {
    this.#isPresenceStale = false;
    const heard = this.presence.takeHeard();
    if (heard.length > 0) {
      await session.query(
        `insert into presence (agent_id, replica, instance, session, since, seen_ms)
         select a, $1, i, s, $5, ${databaseMsText} from unnest($2::text[], $3::text[], $4::text[]) as t(a, i, s)
         on conflict (agent_id) do update set seen_ms = excluded.seen_ms
           where presence.replica = excluded.replica and presence.session = excluded.session`,
        [
          this.id,
          heard.map(({ agentId }) => agentId),
          heard.map(({ claim }) => claim.instance),
          heard.map(({ claim }) => claim.session),
          this.#parts.clock.now().toISOString(),
        ],
      );
    }
    const { mark } = this.presence;
    this.presence.take(
      await session.query(
        `select p.agent_id, p.replica from presence p join replica r on r.id = p.replica
         where p.replica <> $1 and p.seen_ms > ${databaseMsText} - ${freshAgentMs} and ${isLiveText}`,
        [this.id],
      ),
      mark,
    );
  }

  #subscribe(hear: (message: SiteMessage) => void): Disposable {
    this.#listeners.add(hear);
    return { [Symbol.dispose]: () => void this.#listeners.delete(hear) };
  }

  #publish(message: SiteMessage): void {
    if (this.#session === undefined || (this.#others.length === 0 && message.type !== 'presence')) return;
    this.#outgoing.add(message);
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
  }

  async #flush(): Promise<void> {
    // What is said in the same moment goes out together.
    await Promise.resolve();
    for (let messages = this.#outgoing.take(); messages.length > 0; messages = this.#outgoing.take()) {
      const payloads = messages.flatMap((message) => toPayloads(this.id, message));
      try {
        await this.#session?.query(`select pg_notify('${channel}', said) from unnest($1::text[]) as said`, [payloads]);
      } catch (error) {
        this.#logger.debug({ errKind: toErrorRecord(error).kind }, 'telling the other processes failed; they look by themselves');
        return this.#outgoing.clear();
      }
    }
  }

  #receive(payload: string): void {
    const read = fromPayload(payload);
    if (read === undefined || read.from === this.id) return;
    const { message } = read;
    if (message.type === 'presence') this.#refreshPresence();
    else if (message.type === 'relay') {
      if (message.to === this.id) this.relay.collect().catch((err: unknown) => this.#logger.warn({ err }, 'reading letters failed'));
    } else this.#hear(message);
  }

  #refreshPresence(): void {
    const session = this.#session;
    this.#isPresenceStale = true;
    if (session === undefined) return;
    this.#lookForAgents(session).catch((err: unknown) => this.#logger.debug({ err }, 'looking for agents failed'));
  }

  #hear(message: SiteMessage): void {
    for (const listener of this.#listeners) listener(message);
  }

  #dropLead(reason: string): void {
    if (this.#holdsLock) this.#logger.warn({ reason }, 'this process leads no more');
    this.#holdsLock = false;
  }

  async #refuseOtherKeys(): Promise<void> {
    const { linkKey } = this.#parts;
    const session = await this.#open();
    const [other] = await session.query<{ hostname: string; pid: string }>(
      `select r.hostname, r.pid from replica r where r.id <> $1 and r.link_key <> $2 and ${isLiveText} limit 1`,
      [this.id, linkKey],
    );
    if (other === undefined) return;
    throw new FortFailError({
      kind: 'conflict',
      code: 'keys-differ',
      message: `unable to join the orchestrator on '${other.hostname}' (process ${other.pid}), it signs with other keys`,
      hint: 'Give all of them the same files by LINK_KEY_FILE and EVIDENCE_KEY_FILE.',
    });
  }

  /** So that the others need not wait for this process to be taken for dead. */
  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#holdsLock = false;
    if (session === undefined) return;
    try {
      await session.query('delete from presence where replica = $1', [this.id]);
      await session.query('delete from replica where id = $1', [this.id]);
      await session.query(`select pg_notify('${channel}', $1)`, [JSON.stringify({ from: this.id, message: { type: 'presence' } })]);
    } catch (error) {
      this.#logger.debug({ errKind: toErrorRecord(error).kind }, 'taking leave failed; the others will notice');
    } finally {
      await session[Symbol.asyncDispose]();
    }
  }
}

async function tidy(session: DatabaseSession): Promise<void> {
  await session.query(`delete from relay where expires_ms < ${databaseMsText}`);
  await session.query(`delete from replica where seen_ms < ${databaseMsText} - ${keptMs}`);
  await session.query(`delete from presence where seen_ms < ${databaseMsText} - ${keptMs}`);
}
