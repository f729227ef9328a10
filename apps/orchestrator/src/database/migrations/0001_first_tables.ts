import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { createTable } from './create-table.ts';

const firstHash = '0'.repeat(64);

/** One column per line: name, type (`text`, `int`, `real`), `null` when it may be empty, then constraints. */
const tables: Readonly<Record<string, string>> = {
  site: 'id text primary key, name text not null, created_at text not null',
  person:
    'id text primary key, name text not null, name_key text not null unique, grants text not null, password text, disabled int not null, created_at text not null',
  passkey:
    'id text primary key, person_id text not null references person(id) on delete cascade, name text not null, public_key text not null, counter int not null, transports text not null, created_at text not null',
  session:
    'hash text primary key, person_id text not null references person(id) on delete cascade, via text not null, created_at text not null, seen_at text not null, until_at text not null',
  login_link: 'hash text primary key, created_at text not null, expires_at text not null, used_at text',
  challenge: 'challenge text primary key, purpose text not null, person_id text, expires_at text not null',
  agent:
    'id text primary key, hostname text not null, kind text not null, version text not null, restore_root text, is_root int not null, last_seen_at text, created_at text not null',
  repository:
    'id text primary key, name text not null unique, agent_id text not null references agent(id), location text not null, restic_id text, password_file text, status text not null, created_at text not null, checked_at text, unique (agent_id, location)',
  plan: 'id text primary key, name text not null, agent_id text not null references agent(id), repository_id text not null references repository(id), source text not null, schedule text not null, keep text not null, promise text not null, drill_schedule text, enabled int not null, version int not null, created_at text not null, updated_at text not null, deleted_at text',
  schedule_mark: 'plan_id text not null references plan(id), kind text not null, at text not null, primary key (plan_id, kind)',
  slot: 'plan_id text not null references plan(id), kind text not null, due_at text not null, status text not null, job_id text, reason text, primary key (plan_id, kind, due_at)',
  job: 'id text primary key, kind text not null, status text not null, plan_id text, plan_name text, agent_id text not null references agent(id), restore_point_id text, restore_id text, drill_id text, repository_id text, cause text not null, attempt int not null, max_attempts int not null, fence int not null, settled_fence int not null, queued_at text not null, not_before text not null, started_at text, ended_at text, lease_until text, cancel_reason text, payload text not null, outcome text, result text, error text',
  job_log: 'job_id text not null references job(id), n int not null, line text not null, primary key (job_id, n)',
  restore_point:
    'id text primary key, plan_id text not null references plan(id), plan_name text not null, repository_id text not null references repository(id), job_id text, kind text not null, snapshot text not null, grade text not null, time text not null, received_at text not null, hostname text not null, paths text not null, files int not null, directories int not null, bytes int not null, added_bytes int not null, stored_bytes int not null, errors int not null, took_seconds real not null, forgotten_at text, last_drill_id text, unique (repository_id, snapshot)',
  drill:
    'id text primary key, restore_point_id text not null references restore_point(id), plan_id text not null, outcome text not null, rto_seconds real not null, ended_at text not null, evidence text not null',
  restore:
    'id text primary key, restore_point_id text not null references restore_point(id), plan_id text not null, plan_name text not null, agent_id text not null, include text not null, target text, status text not null, proposal text, report text, error text, job_id text, created_at text not null, ended_at text',
  event: 'seq int primary key, at text not null, object text not null, object_id text not null, plan_id text',
  event_head: 'name text primary key, seq int not null',
  idempotency:
    'principal text not null, key text not null, request_hash text not null, status int not null, answer text not null, created_at text not null, primary key (principal, key)',
  audit:
    'chain text not null, seq int not null, prev text not null, body text not null, hash text not null, primary key (chain, seq), unique (chain, prev), unique (chain, hash)',
  audit_head: 'chain text primary key, seq int not null, prev text, hash text not null',
  audit_detail: 'chain text not null, seq int not null, salt text not null, detail text not null, primary key (chain, seq)',
};

const indexes = [
  'create unique index plan_name_in_use on plan(name) where deleted_at is null',
  'create index job_by_age on job(queued_at, id)',
  "create index job_open on job(agent_id, status) where status in ('queued', 'leased', 'running')",
  'create index job_of_plan on job(plan_id, queued_at)',
  'create index restore_point_of_plan on restore_point(plan_id, received_at)',
  'create index restore_point_by_age on restore_point(received_at, id)',
  'create index drill_of_plan on drill(plan_id, ended_at)',
  'create index drill_by_age on drill(ended_at, id)',
  'create index restore_by_age on restore(created_at, id)',
  'create index session_of_person on session(person_id)',
  'create index idempotency_by_age on idempotency(created_at)',
];

const sqliteGuards = (['update', 'delete'] as const).map(
  (verb) =>
    `create trigger audit_no_${verb} before ${verb} on audit begin select raise(abort, 'audit records are never changed or removed'); end`,
);
const postgresGuards = [
  `create function audit_is_append_only() returns trigger language plpgsql as $$ begin raise exception 'audit records are never changed or removed'; end $$`,
  'create trigger audit_no_change before update or delete on audit for each row execute function audit_is_append_only()',
  'create trigger audit_no_truncate before truncate on audit for each statement execute function audit_is_append_only()',
];

/** The tables of the first release. */
export function firstTables(engine: Engine): Migration {
  return {
    async up(database) {
      const run = (statement: string) => sql.raw(statement).execute(database);
      for (const [name, columns] of Object.entries(tables)) await run(createTable(engine, name, columns));
      for (const index of indexes) await run(index);
      for (const guard of engine === 'sqlite' ? sqliteGuards : postgresGuards) await run(guard);
      for (const chain of ['main', 'access']) {
        await run(`insert into audit_head (chain, seq, prev, hash) values ('${chain}', 0, null, '${firstHash}')`);
      }
      await run(`insert into event_head (name, seq) values ('main', 0)`);
    },
  };
}
