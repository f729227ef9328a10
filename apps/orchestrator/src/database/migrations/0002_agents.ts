import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { addColumn, createTable } from './create-table.ts';

const columns = [
  "status text not null default 'active'",
  'reason text',
  'machine text',
  'seen_machine text',
  'instance text',
  'generation int not null default 0',
  'confirmed_generation int not null default 0',
  'resync int not null default 0',
  'identity text',
  'previous_identity text',
  'sealing text',
  'signing text',
  'certificate_until text',
  'policy_digest text',
  'has_owner int not null default 0',
  'order_counter int not null default 0',
  'plan_serial int not null default 0',
  'plan_digest text',
  'last_renewal text',
  'held_instance text',
];

const tables: Readonly<Record<string, string>> = {
  join_token:
    'id text primary key, hash text not null unique, hostname text, created_by text not null, created_at text not null, expires_at text not null, days int not null, used_at text, agent_id text references agent(id), tried_at text',
  proof_seen: 'id text primary key, seen_ms int not null',
};

const indexes = [
  'create unique index agent_identity on agent(identity) where identity is not null',
  'create index join_token_by_age on join_token(expires_at)',
  'create index proof_seen_by_age on proof_seen(seen_ms)',
];

/** Agents with keys of their own: what is known of each, tokens of join strings, and proofs that were used. */
export function agentTables(engine: Engine): Migration {
  return {
    async up(database) {
      const run = (statement: string) => sql.raw(statement).execute(database);
      for (const column of columns) await run(addColumn(engine, 'agent', column));
      for (const [name, definition] of Object.entries(tables)) await run(createTable(engine, name, definition));
      for (const index of indexes) await run(index);
    },
  };
}
