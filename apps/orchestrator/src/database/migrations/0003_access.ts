import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { addColumn, createTable } from './create-table.ts';

const tables: Readonly<Record<string, string>> = {
  api_token:
    'id text primary key, person_id text not null references person(id) on delete cascade, name text not null, grants text not null, hash text not null unique, created_at text not null, expires_at text not null, last_used_at text, ended_at text',
  alert:
    'id text primary key, kind text not null, severity text not null, object_kind text not null, object_id text not null, plan_id text, agent_id text, sentence text not null, count int not null, opened_at text not null, last_at text not null, acknowledged_at text, acknowledged_by text, ended_at text',
};

const indexes = [
  'create index api_token_of_person on api_token(person_id)',
  // One open alert for a kind and an object, however many see it at once.
  'create unique index alert_open on alert(kind, object_kind, object_id) where ended_at is null',
  'create index alert_by_age on alert(opened_at, id)',
];

/** API tokens, links for one person, when a person was last seen, and alerts. */
export function accessTables(engine: Engine): Migration {
  return {
    async up(database) {
      const run = (statement: string) => sql.raw(statement).execute(database);
      for (const [name, columns] of Object.entries(tables)) await run(createTable(engine, name, columns));
      for (const index of indexes) await run(index);
      await run(addColumn(engine, 'login_link', 'person_id text references person(id) on delete cascade'));
      await run(addColumn(engine, 'person', 'last_seen_at text'));
    },
  };
}
