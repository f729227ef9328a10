import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { openPostgres } from '../database/postgres-database.ts';
import { PostgresReplicas } from '../replicas/postgres-replicas.ts';
import type { EmbeddedPostgres } from './embedded-postgres.ts';
import { TestSite } from './test-site.ts';

export interface Replica {
  readonly site: TestSite;
  readonly replicas: PostgresReplicas;
}

/** Orchestrators on one database, whose beats the test makes by hand. */
export class TwoSites implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly a: Replica;
  readonly b: Replica;

  private constructor(clock: FakeClock, a: Replica, b: Replica) {
    this.clock = clock;
    this.a = a;
    this.b = b;
  }

  static async open(server: EmbeddedPostgres, name: string): Promise<TwoSites> {
    const url = await server.createDatabase(name, 'migrated');
    const clock = new FakeClock();
    const join = async (home: string): Promise<Replica> => {
      const database = await openPostgres(url);
      const replicas = new PostgresReplicas({ database, clock, logger: noLogger, home, version: '1', linkKey: 'SHA256:shared' });
      await replicas.begin();
      return { site: await TestSite.open(database, { clock, replicas }), replicas };
    };
    const a = await join('home_000000000000000a');
    const b = await join('home_000000000000000b');
    await a.replicas.beat();
    return new TwoSites(clock, a, b);
  }

  /** Both look once, as they do every second. */
  async beat(): Promise<void> {
    await this.a.replicas.beat();
    await this.b.replicas.beat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { site, replicas } of [this.a, this.b]) {
      await replicas[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    }
  }
}
