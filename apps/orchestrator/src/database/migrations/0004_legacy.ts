import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { createTable } from './create-table.ts';

const tables: Readonly<Record<string, string>> = {
  legacy_agent:
    'id text primary key, claim text not null, agent_id text not null unique references agent(id), secret_hash text, address text, created_at text not null, last_seen_at text',
  legacy_token: 'id text primary key, legacy_id text, created_at text not null, expires_at text not null, revoked_at text',
  legacy_ticket: 'hash text primary key, caller text not null, expires_at text not null, used_at text',
  legacy_snapshot:
    'id text primary key, legacy_id text not null, checksum text not null, size_bytes int not null, metadata text, status text not null, object_key text not null unique, incoming_key text, incoming_until text, created_at text not null, uploaded_at text',
  legacy_job:
    'id text primary key, snapshot_id text not null references legacy_snapshot(id), target text not null, made_by text not null, status text not null, created_at text not null, updated_at text not null',
  legacy_job_log: 'job_id text not null references legacy_job(id), n int not null, entry text not null, primary key (job_id, n)',
  legacy_command:
    'id text primary key, legacy_id text not null, job_id text not null references legacy_job(id), command_type text not null, payload text not null, status text not null, lease_until text, deliveries int not null, created_at text not null, updated_at text not null',
};

const indexes = [
  'create index legacy_snapshot_of_agent on legacy_snapshot(legacy_id)',
  'create index legacy_snapshot_by_age on legacy_snapshot(created_at, id)',
  "create index legacy_snapshot_open on legacy_snapshot(created_at) where status = 'registered'",
  'create index legacy_job_of_target on legacy_job(target)',
  'create index legacy_job_of_snapshot on legacy_job(snapshot_id)',
  'create index legacy_job_by_age on legacy_job(created_at, id)',
  'create index legacy_command_of_job on legacy_command(job_id)',
  "create index legacy_command_open on legacy_command(legacy_id, created_at) where status in ('pending', 'sent')",
];

/** What the first API has of its own: ids and who claimed them, tokens, tickets, snapshots, restore jobs, commands. */
export function legacyTables(engine: Engine): Migration {
  return {
    async up(database) {
      const run = (statement: string) => sql.raw(statement).execute(database);
      for (const [name, columns] of Object.entries(tables)) await run(createTable(engine, name, columns));
      for (const index of indexes) await run(index);
    },
  };
}
