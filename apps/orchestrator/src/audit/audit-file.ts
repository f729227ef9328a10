import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asFortFailError, type Clock, type Logger } from '@fortfail/base';
import type { Database } from '../database/database.ts';
import { formatAuditLine, readTail } from './audit-lines.ts';
import { type AuditRow, type Chain, chains, firstPrev } from './audit-record.ts';

const batch = 500;

interface Reached {
  seq: number;
  hash: string;
}

/**
 * The file that follows the audit table: after each commit what is new is appended and synced, so the table's lock is
 * never held over a disk flush and no line stands for a record that was rolled back. It resumes where its last whole line
 * ends; a line torn by a crash is cut off and written again.
 */
export class AuditFile implements AsyncDisposable {
  readonly path: string;
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #file: FileHandle;
  readonly #reached: Record<Chain, Reached>;
  #sizeBytes: number;
  #working: Promise<void> | undefined;
  #isWanted = false;

  private constructor(
    path: string,
    database: Database,
    logger: Logger,
    file: FileHandle,
    tail: { sizeBytes: number; reached: Record<Chain, Reached> },
  ) {
    this.path = path;
    this.#database = database;
    this.#logger = logger.child({ component: 'audit' });
    this.#file = file;
    this.#sizeBytes = tail.sizeBytes;
    this.#reached = tail.reached;
  }

  /** Opens or makes the file at `path` (mode 0600) and brings it up to date. */
  static async open(path: string, database: Database, clock: Clock, logger: Logger): Promise<AuditFile> {
    let file = await openFile(path);
    let tail = await readTail(file);
    if (!(await belongsTo(database, tail.reached))) {
      await file.close();
      const aside = `${path}.until-${clock.now().toISOString().replaceAll(':', '-')}`;
      await rename(path, aside);
      logger.error({ component: 'audit', aside }, 'the audit file belongs to another history; it was put aside and a new one begun');
      file = await openFile(path);
      tail = await readTail(file);
    }
    await file.truncate(tail.sizeBytes);
    const follower = new AuditFile(path, database, logger, file, tail);
    await follower.flush();
    return follower;
  }

  /** Says that the table may have grown. Never throws; a failure is logged and made good by the next call. */
  poke(): void {
    this.#isWanted = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when everything committed before is on the disk, or failed to get there and was logged. */
  async flush(): Promise<void> {
    this.poke();
    while (this.#working !== undefined) await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    await this.#file.close();
  }

  async #work(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        for (const chain of chains) while ((await this.#follow(chain)) === batch);
      }
    } catch (error) {
      this.#logger.error({ errKind: asFortFailError(error).kind, err: error }, 'writing the audit file failed');
    }
  }

  async #follow(chain: Chain): Promise<number> {
    const rows = await this.#database.read
      .selectFrom('audit')
      .selectAll()
      .where('chain', '=', chain)
      .where('seq', '>', this.#reached[chain].seq)
      .orderBy('seq')
      .limit(batch)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return 0;
    await this.#append(rows);
    this.#reached[chain] = { seq: last.seq, hash: last.hash };
    return rows.length;
  }

  async #append(rows: readonly AuditRow[]): Promise<void> {
    const bytes = Buffer.from(rows.map(formatAuditLine).join(''));
    try {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#sizeBytes + written);
        written += bytesWritten;
      }
      await this.#file.datasync();
      this.#sizeBytes += bytes.length;
    } catch (error) {
      await this.#file.truncate(this.#sizeBytes);
      throw error;
    }
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, 'r+').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file !== undefined) return file;
  const made = await open(path, 'wx+', 0o600);
  const folder = await open(dirname(path));
  await folder.sync();
  await folder.close();
  return made;
}

/** Whether the file's newest lines are records of this table. */
async function belongsTo(database: Database, reached: Record<Chain, Reached>): Promise<boolean> {
  for (const chain of chains) {
    const { seq, hash } = reached[chain];
    if (hash === firstPrev) continue;
    const row = await database.read.selectFrom('audit').select('hash').where('chain', '=', chain).where('seq', '=', seq).executeTakeFirst();
    if (row?.hash !== hash) return false;
  }
  return true;
}
