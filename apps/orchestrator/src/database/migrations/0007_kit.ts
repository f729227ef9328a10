import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { createTable } from './create-table.ts';

const tables: Readonly<Record<string, string>> = {
  kit: 'recipient text primary key, kit_id text not null, owner text not null, confirmation text not null, created_at text not null, confirmed_at text, tested_at text, replaced_at text',
  roster: 'serial int primary key, text text not null, signature text not null, created_at text not null',
  escrow:
    'repository_id text not null references repository(id), n int not null, recipient text not null, sealed text not null, key_id text not null, places text not null, created_at text not null, primary key (repository_id, n)',
};

/** The recovery kit's public halves, rosters signed by its owner key, and passwords sealed to it. */
export function kitTables(engine: Engine): Migration {
  return {
    async up(database) {
      for (const [name, columns] of Object.entries(tables)) await sql.raw(createTable(engine, name, columns)).execute(database);
    },
  };
}
