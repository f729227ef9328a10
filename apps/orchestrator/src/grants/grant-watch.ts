import { systemContext } from '../changes/changes.ts';
import { goRounds } from '../replicas/rounds.ts';
import type { Services } from '../services.ts';
import { orderAcceptance } from './repository-grants.ts';

const everyMs = 2000;

type Needs = Pick<Services, 'database' | 'changes' | 'clock' | 'logger' | 'queue' | 'leader'>;

/** Carries sealed key slots on to the hosts they are for. */
export class GrantWatch {
  readonly #services: Needs;

  constructor(services: Needs) {
    this.#services = services;
  }

  work(signal: AbortSignal): Promise<void> {
    return goRounds({ ...this.#services, everyMs, component: 'grants' }, signal, () => this.round());
  }

  /** Orders what waits; answers how many. */
  async round(): Promise<number> {
    const { database, changes } = this.#services;
    const sealed = await database.read.selectFrom('repository_grant').select('id').where('status', '=', 'sealed').execute();
    let ordered = 0;
    for (const { id } of sealed) {
      const job = await changes.run(
        systemContext,
        async (change) => (await orderAcceptance(this.#services, change, id)) ?? change.nothing(undefined),
      );
      if (job !== undefined) ordered += 1;
    }
    return ordered;
  }
}
