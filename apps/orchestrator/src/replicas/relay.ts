import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { randomHex } from '../ids.ts';
import { databaseMs } from './replica-rows.ts';
import type { SiteBus } from './site-bus.ts';

/** What one process sends to another, too large or too dear for a notification. */
export interface Letter {
  readonly kind: string;
  readonly body: unknown;
}

const lifeMs = 60_000;

/** Letters between processes, in a table that is not logged. Each is taken away by reading it, or by its age. */
export class Relay {
  readonly #id: string;
  readonly #database: Database;
  readonly #bus: SiteBus;
  readonly #readers: ((letter: Letter) => void)[] = [];
  #collecting: Promise<void> | undefined;
  #isWanted = false;

  constructor(id: string, database: Database, bus: SiteBus) {
    this.#id = id;
    this.#database = database;
    this.#bus = bus;
  }

  /** Puts a letter down for another process. Throws what the database throws. */
  async post(to: string, letter: Letter): Promise<void> {
    const id = randomHex(16);
    const body = JSON.stringify(letter.body);
    await this.#database.transaction((tx) =>
      sql`insert into relay (id, to_replica, kind, body, expires_ms) values (${id}, ${to}, ${letter.kind}, ${body}, ${databaseMs} + ${lifeMs})`.execute(
        tx,
      ),
    );
    this.#bus.publish({ type: 'relay', to });
  }

  onLetter(read: (letter: Letter) => void): void {
    this.#readers.push(read);
  }

  /** Takes what lies ready. Calls while one is under way are joined into one more. */
  collect(): Promise<void> {
    this.#isWanted = true;
    this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = undefined;
    });
    return this.#collecting;
  }

  async #collect(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      const rows = await this.#database.transaction((tx) =>
        tx.deleteFrom('relay').where('to_replica', '=', this.#id).returning(['kind', 'body', 'expires_ms']).execute(),
      );
      rows.sort((a, b) => a.expires_ms - b.expires_ms);
      for (const { kind, body } of rows) {
        const letter = { kind, body: JSON.parse(body) as unknown };
        for (const read of this.#readers) read(letter);
      }
    }
  }
}
