import type { JobLogLine } from '@fortfail/protocol';
import type { EventFeed } from '../changes/event-feed.ts';
import type { Database } from '../database/database.ts';

/** How many lines of a job are kept; older ones give way and the log says so. */
export const keptLogLines = 1000;
const maxMessageLength = 2000;

/** What jobs said while they ran: a ring per job in the database. */
export class JobLog {
  readonly #database: Database;
  readonly #feed: EventFeed;

  constructor(database: Database, feed: EventFeed) {
    this.#database = database;
    this.#feed = feed;
  }

  /** Appends lines in order. Too long a message is cut. */
  async append(jobId: string, at: string, lines: readonly JobLogLine[]): Promise<void> {
    if (lines.length === 0) return;
    const kept = lines.slice(-keptLogLines).map(cut);
    await this.#database.transaction(async (tx) => {
      // An agent that moved to another process may still be heard by the first: one of them numbers lines at a time.
      const job = tx.selectFrom('job').select('id').where('id', '=', jobId);
      if (this.#database.engine === 'postgres') await job.forUpdate().execute();
      const last = await tx.selectFrom('job_log').select('n').where('job_id', '=', jobId).orderBy('n', 'desc').limit(1).executeTakeFirst();
      const first = (last?.n ?? 0) + 1 + lines.length - kept.length;
      await tx
        .insertInto('job_log')
        .values(kept.map((line, index) => ({ job_id: jobId, n: first + index, line: JSON.stringify(line) })))
        .execute();
      await tx
        .deleteFrom('job_log')
        .where('job_id', '=', jobId)
        .where('n', '<=', first + kept.length - 1 - keptLogLines)
        .execute();
    });
    this.#feed.announceLive({ type: 'job.log', seq: null, at, id: jobId, lines: kept });
  }

  async read(jobId: string): Promise<{ lines: JobLogLine[]; truncated: boolean }> {
    const rows = await this.#database.read.selectFrom('job_log').select(['n', 'line']).where('job_id', '=', jobId).orderBy('n').execute();
    return { lines: rows.map((row) => JSON.parse(row.line) as JobLogLine), truncated: (rows[0]?.n ?? 1) > 1 };
  }
}

function cut(line: JobLogLine): JobLogLine {
  return line.message.length <= maxMessageLength ? line : { ...line, message: `${line.message.slice(0, maxMessageLength)}...` };
}
