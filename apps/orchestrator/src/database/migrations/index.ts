import type { Migration } from 'kysely/migration';
import type { Engine } from '../database.ts';
import { firstTables } from './0001_first_tables.ts';
import { agentTables } from './0002_agents.ts';
import { accessTables } from './0003_access.ts';
import { legacyTables } from './0004_legacy.ts';
import { replicaTables } from './0005_replicas.ts';
import { signedTables } from './0006_signed.ts';
import { kitTables } from './0007_kit.ts';
import { grantTables } from './0008_grants.ts';

/** All migrations by name, in the order of their names. A shipped one is never edited: the next number corrects it. */
export function migrations(engine: Engine): Record<string, Migration> {
  return {
    '0001_first_tables': firstTables(engine),
    '0002_agents': agentTables(engine),
    '0003_access': accessTables(engine),
    '0004_legacy': legacyTables(engine),
    '0005_replicas': replicaTables(engine),
    '0006_signed': signedTables(engine),
    '0007_kit': kitTables(engine),
    '0008_grants': grantTables(engine),
  };
}
