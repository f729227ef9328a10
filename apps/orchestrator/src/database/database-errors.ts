import { FortFailError, isFortFailError } from '@fortfail/base';

const sqliteConstraint = 19;
const sqliteKinds: Readonly<Record<number, { kind: 'no-space' | 'denied' | 'unavailable' | 'damaged'; code: string; message: string }>> = {
  5: { kind: 'unavailable', code: 'database-busy', message: 'unable to use the database, another process holds it' },
  6: { kind: 'unavailable', code: 'database-busy', message: 'unable to use the database, another process holds it' },
  8: { kind: 'denied', code: 'database-read-only', message: 'unable to write to the database, it is read-only' },
  10: { kind: 'unavailable', code: 'database-io', message: 'unable to read or write the database file' },
  11: { kind: 'damaged', code: 'database-damaged', message: 'unable to read the database, its file is damaged' },
  13: { kind: 'no-space', code: 'disk-full', message: 'unable to write to the database, the disk is full' },
  14: { kind: 'denied', code: 'database-unreadable', message: 'unable to open the database file' },
  26: { kind: 'damaged', code: 'not-a-database', message: 'unable to open the database, the file is something else' },
};

/**
 * Gives an engine's error its kind: full disk, read-only, damaged, unreachable, a broken unique rule (`conflict`, code
 * `not-unique`). Everything else stays as it was and is a bug.
 */
export function classifyDatabaseError(error: unknown): unknown {
  if (isFortFailError(error) || !(error instanceof Error)) return error;
  if ('errcode' in error && typeof error.errcode === 'number') return classifySqlite(error, error.errcode);
  if ('code' in error && typeof error.code === 'string') return classifyPostgres(error, error.code);
  return error;
}

function classifySqlite(error: Error, errcode: number): unknown {
  const primary = errcode & 0xff;
  if (primary === sqliteConstraint && (errcode === 2067 || errcode === 1555)) return notUnique(error);
  const rule = sqliteKinds[primary];
  return rule === undefined ? error : new FortFailError({ ...rule, cause: error, context: { errcode } });
}

/** NUL in a text, a number out of range, not a number: what SQLite would take and find nothing by. */
const unfitValues: ReadonlySet<string> = new Set(['22021', '22P05', '22003', '22P02']);

function classifyPostgres(error: Error, code: string): unknown {
  if (code === '23505') return notUnique(error);
  if (code === '53100')
    return new FortFailError({
      kind: 'no-space',
      code: 'disk-full',
      message: 'unable to write to the database, its disk is full',
      cause: error,
    });
  const isConnection =
    code.startsWith('08') ||
    code.startsWith('57P') ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ETIMEDOUT', 'ENOTFOUND', 'EPIPE'].includes(code);
  if (isConnection) {
    return new FortFailError({
      kind: 'unavailable',
      code: 'database-unreachable',
      message: 'unable to reach the database',
      hint: 'Check DATABASE_URL and that the server runs.',
      cause: error,
      context: { code },
    });
  }
  if (unfitValues.has(code)) {
    return new FortFailError({
      kind: 'invalid-input',
      code: 'unfit-value',
      message: 'unable to accept a value that no text or number of ours can be',
      cause: error,
    });
  }
  if (code === '28P01' || code === '28000') {
    return new FortFailError({
      kind: 'denied',
      code: 'database-login',
      message: 'unable to sign in to the database',
      hint: 'Check the user and password in DATABASE_URL.',
      cause: error,
    });
  }
  if (code === '3D000') {
    return new FortFailError({
      kind: 'not-found',
      code: 'database-missing',
      message: 'unable to find the database that DATABASE_URL names',
      cause: error,
    });
  }
  return error;
}

function notUnique(cause: Error): FortFailError {
  return new FortFailError({ kind: 'conflict', code: 'not-unique', message: 'unable to store a second row of the same name', cause });
}
