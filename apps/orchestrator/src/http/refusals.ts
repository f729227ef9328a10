import type { Clock } from '@fortfail/base';
import type { Route } from '@fortfail/protocol';
import { actorOf, type Principal } from '../access/principal.ts';
import type { Changes } from '../changes/changes.ts';

const maxKeys = 10_000;

/** Puts refusals into the access chain: one per actor, action and minute, so that a flood cannot stall changes. */
export class Refusals {
  readonly #changes: Changes;
  readonly #clock: Clock;
  readonly #recorded = new Set<string>();
  #minute = 0;

  constructor(changes: Changes, clock: Clock) {
    this.#changes = changes;
    this.#clock = clock;
  }

  async record(principal: Principal, route: Pick<Route, 'action' | 'object'>, code: string, address: string): Promise<void> {
    const minute = Math.floor(this.#clock.now().getTime() / 60_000);
    if (minute !== this.#minute) this.#recorded.clear();
    this.#minute = minute;
    const key = JSON.stringify([principal.id, route.action, route.object, code]);
    if (this.#recorded.has(key) || this.#recorded.size >= maxKeys) return;
    this.#recorded.add(key);
    await this.#changes.run({ actor: actorOf(principal), request: 'none' }, async (change) =>
      change.audit({
        chain: 'access',
        action: `refuse.${route.action}`,
        object: { kind: route.object, id: 'any' },
        outcome: 'refused',
        detail: { code },
        personal: { address },
      }),
    );
  }
}
