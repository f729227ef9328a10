import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { createTable } from './create-table.ts';

const tables: Readonly<Record<string, string>> = {
  signer: 'fingerprint text primary key, line text not null, kind text not null, since text not null, until_at text',
  evidence_file:
    'drill_id text not null references drill(id), name text not null, text text not null, namespace text not null, signer text not null, signer_line text not null, signature text not null, primary key (drill_id, name)',
  signed_head:
    'chain text not null, seq int not null, hash text not null, made text not null, text text not null, signature text not null, primary key (chain, seq)',
  witness:
    'agent_id text not null references agent(id), chain text not null, seq int not null, hash text not null, seen_at text not null, verdict text not null, primary key (agent_id, chain)',
};

/** Who signs, signed evidence of drills, signed heads of the audit chains, and who witnessed them. */
export function signedTables(engine: Engine): Migration {
  return {
    async up(database) {
      for (const [name, columns] of Object.entries(tables)) await sql.raw(createTable(engine, name, columns)).execute(database);
    },
  };
}
