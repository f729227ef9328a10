import { statSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { FortFailError } from '@fortfail/base';
import { fileError } from '../system/system-error.ts';

function checkCopy(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    // One plain file, without the two others that an open database in WAL mode has.
    copy.exec('PRAGMA journal_mode = DELETE');
    const verdict = copy.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
    if (verdict === 'ok') return;
    throw new FortFailError({
      kind: 'damaged',
      code: 'catalog',
      message: `unable to back up catalog '${path}': the database is damaged`,
      hint: 'Restore the newest catalog from the restore points of the plan for FortFail itself.',
      context: { verdict },
    });
  } finally {
    copy.close();
  }
}

/**
 * Copies an SQLite database that others may be writing, as of one moment, and checks the copy. Answers its size.
 * Throws `not-found` when there is none, `damaged` when the copy fails its check.
 */
export async function copyDatabase(from: string, to: string): Promise<number> {
  try {
    statSync(from);
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await backup(source, to);
    } finally {
      source.close();
    }
    checkCopy(to);
    return statSync(to).size;
  } catch (error) {
    throw fileError(error, 'copy database', Buffer.from(from));
  }
}
