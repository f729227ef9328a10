import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { addColumn, createTable } from './create-table.ts';

/** What holds only while processes run. Nothing of it is worth a write-ahead log, so a crash of the server empties it. */
const tables: Readonly<Record<string, string>> = {
  replica:
    'id text primary key, home text not null, hostname text not null, pid int not null, version text not null, link_key text not null, backend int not null, started_at text not null, seen_ms int not null',
  presence:
    'agent_id text primary key, replica text not null, instance text not null, session text not null, since text not null, seen_ms int not null',
  relay: 'id text primary key, to_replica text not null, kind text not null, body text not null, expires_ms int not null',
};

/** Several orchestrator processes on one database: which live, where agents are connected, what they tell each other. */
export function replicaTables(engine: Engine): Migration {
  return {
    async up(database) {
      const run = (statement: string) => sql.raw(statement).execute(database);
      for (const [name, columns] of Object.entries(tables)) {
        const statement = createTable(engine, name, columns);
        await run(engine === 'sqlite' ? statement : statement.replace('create table', 'create unlogged table'));
      }
      await run('create index relay_to on relay(to_replica)');
      await run(addColumn(engine, 'agent', 'home text'));
    },
  };
}
