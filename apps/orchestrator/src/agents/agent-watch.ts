import type { Logger } from '@fortfail/base';
import type { EventFeed } from '../changes/event-feed.ts';

/** What has changed that agents are to be told. */
export interface AgentNews {
  /** Plans or repositories of any agent. */
  readonly plans: boolean;
  /** Agents whose own row changed; `all` when some changes are no longer held. */
  readonly agents: ReadonlySet<string> | 'all';
}

export interface AgentWatchParts {
  readonly feed: EventFeed;
  readonly logger: Logger;
  /** False while nobody is connected: then there is nobody to tell. */
  readonly isNeeded: () => boolean;
  readonly tell: (news: AgentNews) => Promise<void>;
}

/** Follows the stored events, whichever process made them, for what matters to connected agents. */
export class AgentWatch implements AsyncDisposable {
  readonly #parts: AgentWatchParts;
  readonly #listening: Disposable;
  #seen: number | undefined;
  #reading: Promise<void> | undefined;
  #isWanted = false;
  #isStopped = false;

  constructor(parts: AgentWatchParts) {
    this.#parts = parts;
    this.#listening = parts.feed.listen({ stored: () => this.#stored(), live: () => undefined });
  }

  #stored(): void {
    if (this.#isStopped || !this.#parts.isNeeded()) {
      this.#seen = undefined;
      return;
    }
    this.#isWanted = true;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
  }

  async #read(): Promise<void> {
    const { logger, tell } = this.#parts;
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      try {
        const news = await this.#news();
        if (news.plans || news.agents === 'all' || news.agents.size > 0) await tell(news);
      } catch (err) {
        if (!this.#isStopped) logger.error({ component: 'agents', err }, 'telling agents of changes failed');
      }
    }
  }

  async #news(): Promise<AgentNews> {
    const { feed } = this.#parts;
    if (this.#seen === undefined) {
      this.#seen = await feed.head();
      return { plans: true, agents: 'all' };
    }
    const agents = new Set<string>();
    let plans = false;
    for (;;) {
      const { items, lost } = await feed.after(this.#seen);
      const last = items.at(-1);
      if (last === undefined) return { plans, agents };
      this.#seen = last.seq;
      if (lost) {
        this.#seen = await feed.head();
        return { plans: true, agents: 'all' };
      }
      for (const { object, id } of items) {
        if (object === 'plan' || object === 'repository') plans = true;
        if (object === 'agent') agents.add(id);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#listening[Symbol.dispose]();
    await this.#reading;
  }
}
