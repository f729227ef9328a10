import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { databaseMs, freshAgentMs, isLive } from './replica-rows.ts';
import type { SiteBus } from './site-bus.ts';

/** One connection of one agent. `instance` is the agent's process, `session` the connection. */
export interface Claim {
  readonly instance: string;
  readonly session: string;
}

/** Where agents are connected, over all processes of the site. */
export interface Presence {
  /** True while the agent is connected to another process. Known within a few seconds. */
  isElsewhere(agentId: string): boolean;
  /** The other process that the agent is connected to, asked of the database. */
  replicaOf(agentId: string): Promise<string | undefined>;
  /**
   * Takes the agent for a connection of this process. False while another live instance of it is connected to another
   * process. The same instance may move: its connection there is closed.
   */
  claim(agentId: string, claim: Claim): Promise<boolean>;
  /** Gives up a claim, when it still stands. */
  release(agentId: string, session: string): Promise<void>;
  /** The agent was heard on this connection. */
  seen(agentId: string): void;
  /** Calls when an agent of ours turns up at another process. */
  onMoved(tell: (agentId: string, session: string) => void): void;
}

/** With one process, an agent is connected here or nowhere. */
export const localPresence: Presence = {
  isElsewhere: () => false,
  replicaOf: async () => undefined,
  claim: async () => true,
  release: async () => undefined,
  seen: () => undefined,
  onMoved: () => undefined,
};

interface PresenceRow {
  readonly agent_id: string;
  readonly replica: string;
}

/** Kept in the table `presence`, refreshed by heartbeats and by the death of processes. */
export class SharedPresence implements Presence {
  readonly #id: string;
  readonly #database: Database;
  readonly #bus: SiteBus;
  readonly #own = new Map<string, Claim & { readonly number: number }>();
  readonly #heard = new Set<string>();
  #elsewhere: ReadonlySet<string> = new Set();
  #claims = 0;
  #tellMoved: (agentId: string, session: string) => void = () => undefined;

  constructor(id: string, database: Database, bus: SiteBus) {
    this.#id = id;
    this.#database = database;
    this.#bus = bus;
  }

  isElsewhere(agentId: string): boolean {
    return this.#elsewhere.has(agentId);
  }

  async replicaOf(agentId: string): Promise<string | undefined> {
    const { rows } = await sql<{ replica: string }>`
      select p.replica from presence p join replica r on r.id = p.replica
      where p.agent_id = ${agentId} and p.replica <> ${this.#id} and p.seen_ms > ${databaseMs} - ${freshAgentMs} and ${isLive}`.execute(
      this.#database.read,
    );
    return rows[0]?.replica;
  }

  async claim(agentId: string, claim: Claim): Promise<boolean> {
    const { rows } = await this.#database.transaction((tx) =>
      sql<PresenceRow>`
        insert into presence (agent_id, replica, instance, session, since, seen_ms)
        values (${agentId}, ${this.#id}, ${claim.instance}, ${claim.session}, to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ${databaseMs})
        on conflict (agent_id) do update
          set replica = excluded.replica, instance = excluded.instance, session = excluded.session, since = excluded.since, seen_ms = excluded.seen_ms
          where presence.replica = excluded.replica or presence.instance = excluded.instance or presence.seen_ms <= ${databaseMs} - ${freshAgentMs}
            or not exists (select 1 from replica r where r.id = presence.replica and ${isLive})
        returning agent_id, replica`.execute(tx),
    );
    if (rows.length === 0) return false;
    this.#claims += 1;
    this.#own.set(agentId, { ...claim, number: this.#claims });
    this.#heard.add(agentId);
    this.#elsewhere = new Set([...this.#elsewhere].filter((id) => id !== agentId));
    this.#bus.publish({ type: 'presence' });
    return true;
  }

  async release(agentId: string, session: string): Promise<void> {
    if (this.#own.get(agentId)?.session === session) this.#own.delete(agentId);
    await this.#database.transaction((tx) =>
      tx.deleteFrom('presence').where('agent_id', '=', agentId).where('replica', '=', this.#id).where('session', '=', session).execute(),
    );
    this.#bus.publish({ type: 'presence' });
  }

  seen(agentId: string): void {
    if (this.#own.has(agentId)) this.#heard.add(agentId);
  }

  onMoved(tell: (agentId: string, session: string) => void): void {
    this.#tellMoved = tell;
  }

  /** The agents heard since the last call, with their claims: their rows are to be kept fresh. */
  takeHeard(): { readonly agentId: string; readonly claim: Claim }[] {
    const heard = [...this.#heard].flatMap((agentId) => {
      const claim = this.#own.get(agentId);
      return claim === undefined ? [] : [{ agentId, claim }];
    });
    this.#heard.clear();
    return heard;
  }

  /** Names the moment before a look into the table, for `take`. */
  get mark(): number {
    return this.#claims;
  }

  /** Takes in which agents are connected to which other live processes. What was claimed since `mark` is known better here. */
  take(rows: readonly PresenceRow[], mark: number): void {
    const isNewer = (agentId: string): boolean => (this.#own.get(agentId)?.number ?? 0) > mark;
    this.#elsewhere = new Set(rows.map((row) => row.agent_id).filter((agentId) => !isNewer(agentId)));
    for (const { agent_id } of rows) {
      const claim = this.#own.get(agent_id);
      if (claim === undefined || isNewer(agent_id)) continue;
      this.#own.delete(agent_id);
      this.#tellMoved(agent_id, claim.session);
    }
  }
}
