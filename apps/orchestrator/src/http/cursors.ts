import { FortFailError } from '@fortfail/base';
import { type RawBuilder, type SqlBool, sql } from 'kysely';

/** Where a page ended: the sort value of its last item and that item's id. */
export interface Position {
  readonly at: string;
  readonly id: string;
}

export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.at, position.id])).toString('base64url');
}

/** Throws `invalid-input` for what was not made by `encodeCursor`. */
export function decodeCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 2 && typeof parts[0] === 'string' && typeof parts[1] === 'string')
      return { at: parts[0], id: parts[1] };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badCursor();
}

/** Rows behind a position where the newest come first: by that column, and by id where two are of one moment. */
export function olderThan(atColumn: string, idColumn: string, { at, id }: Position): RawBuilder<SqlBool> {
  return sql`(${sql.ref(atColumn)}, ${sql.ref(idColumn)}) < (${at}, ${id})`;
}

export function badCursor(): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'bad-cursor',
    message: 'unable to accept the query: cursor was not given by this site',
    hint: 'Begin again without a cursor.',
  });
}

/**
 * A page out of one row more than it may hold. `sees` hides rows out of the caller's scope; they still count as read, so
 * that the next page goes on behind them.
 */
export function toPage<R, T>(
  rows: readonly R[],
  limit: number,
  position: (row: R) => Position,
  sees: (row: R) => boolean,
  map: (row: R) => T,
): { items: T[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(position(last)) : null;
  return { items: shown.filter(sees).map(map), nextCursor };
}
