import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@fortfail/base';
import type { Database } from '../database/database.ts';
import type { JobHold } from '../jobs/job-queue.ts';
import { activeStatuses } from '../jobs/job-rows.ts';
import { exportCatalog } from './export-catalog.ts';

export interface CatalogCopiesParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly version: string;
  /** Below the data folder, where the resident agent finds them. */
  readonly folder: string;
}

/**
 * Copies of the catalog for the resident agent, one per attempt at a backup of FortFail itself: the agent has no access
 * to a database outside the data folder.
 */
export class CatalogCopies {
  readonly #parts: CatalogCopiesParts;

  constructor(parts: CatalogCopiesParts) {
    this.#parts = parts;
  }

  /** Makes the copy for one attempt and answers its name; removes what is left of attempts that ended. */
  async make(hold: JobHold, signal: AbortSignal): Promise<string> {
    const { database, clock, version, folder } = this.#parts;
    await this.#removeOld();
    const name = nameOf(hold);
    await exportCatalog({ database, folder: join(folder, name), madeAt: clock.now().toISOString(), version, signal });
    return name;
  }

  async #removeOld(): Promise<void> {
    const { database, folder } = this.#parts;
    const names = await readdir(folder).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    if (names.length === 0) return;
    const active = await database.read.selectFrom('job').select(['id', 'fence']).where('status', 'in', activeStatuses).execute();
    const inUse = active.map(({ id, fence }) => nameOf({ jobId: id, fence }));
    // Also what is half made, `.NAME.tmp`, unless its attempt is at work.
    for (const name of names) {
      if (!inUse.some((one) => name.includes(one))) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

function nameOf({ jobId, fence }: JobHold): string {
  return `${jobId}-${fence}`;
}
