import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { addColumn, createTable } from './create-table.ts';

const grantColumns =
  'id text primary key, repository_id text not null references repository(id), from_agent_id text not null references agent(id), to_agent_id text not null references agent(id), status text not null, sentence text not null, payload text not null, sealed text, job_id text, created_at text not null, accepted_at text, unique (repository_id, to_agent_id)';

/** Key slots that one host gave to another, and what a restore on another host needs. */
export function grantTables(engine: Engine): Migration {
  return {
    async up(database) {
      await sql.raw(createTable(engine, 'repository_grant', grantColumns)).execute(database);
      await sql.raw(addColumn(engine, 'restore', 'approvals text')).execute(database);
    },
  };
}
