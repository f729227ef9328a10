import type { Clock } from '@fortfail/base';
import type { Database } from '../database/database.ts';
import { HttpRefusal } from '../http/problems.ts';

/** Longer than any proof can be used: the age it may have, the clock skew it may show, the life of a nonce. */
const keptMs = 180_000;
const tidyMs = 30_000;
/** About 550 proofs a second for all the time they are kept. */
const maxEntries = 100_000;

/** Which proofs were used, so that none is used twice. */
export interface ProofMemory {
  /** Takes a proof in; false when it was used before. Throws 429 when more came than can be remembered. */
  take(id: string): Promise<boolean>;
}

/** For one process: in memory, bounded. When it is full nothing is forgotten early; new proofs have to wait. */
export class LocalProofMemory implements ProofMemory {
  readonly #clock: Clock;
  /** In the order of their times. */
  readonly #seen = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async take(id: string): Promise<boolean> {
    const now = this.#clock.monotonicMs();
    for (const [old, atMs] of this.#seen) {
      if (now - atMs < keptMs) break;
      this.#seen.delete(old);
    }
    if (this.#seen.has(id)) return false;
    if (this.#seen.size >= maxEntries) {
      throw new HttpRefusal(
        429,
        { kind: 'unavailable', code: 'too-many-proofs', message: 'unable to take more requests of agents at this moment' },
        10,
      );
    }
    this.#seen.set(id, now);
    return true;
  }
}

/** For several processes on one database: one row per proof, for as long as it could be used again. */
export class SharedProofMemory implements ProofMemory {
  readonly #database: Database;
  readonly #clock: Clock;
  #tidiedAtMs = Number.NEGATIVE_INFINITY;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async take(id: string): Promise<boolean> {
    const nowMs = this.#clock.now().getTime();
    const isTidyDue = this.#clock.monotonicMs() - this.#tidiedAtMs >= tidyMs;
    if (isTidyDue) this.#tidiedAtMs = this.#clock.monotonicMs();
    return this.#database.transaction(async (tx) => {
      if (isTidyDue)
        await tx
          .deleteFrom('proof_seen')
          .where('seen_ms', '<', nowMs - keptMs)
          .execute();
      const taken = await tx
        .insertInto('proof_seen')
        .values({ id, seen_ms: nowMs })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      return taken !== undefined;
    });
  }
}

export function openProofMemory(database: Database, clock: Clock): ProofMemory {
  return database.engine === 'postgres' ? new SharedProofMemory(database, clock) : new LocalProofMemory(clock);
}
