import type { RouteQuery } from '@fortfail/protocol';
import { sql } from 'kysely';
import type { Database } from '../database/database.ts';
import type { AuditRow } from './audit-record.ts';

type Filter = Omit<NonNullable<RouteQuery<'listAudit'>>, 'cursor' | 'limit'>;

/**
 * Records of a chain, newest first, below `before`, at most `limit`. `action` may end in a dot to mean all of that family;
 * `actor` and `object` are ids or kinds.
 */
export async function listAudit(database: Database, filter: Filter, before: number | undefined, limit: number): Promise<AuditRow[]> {
  const text = (...path: string[]) =>
    database.engine === 'sqlite'
      ? sql<string>`json_extract(body, ${`$.${path.join('.')}`})`
      : sql<string>`(body::jsonb #>> ${sql.lit(`{${path.join(',')}}`)})`;
  let query = database.read
    .selectFrom('audit')
    .selectAll()
    .where('chain', '=', filter.chain ?? 'main')
    .orderBy('seq', 'desc')
    .limit(limit);
  if (before !== undefined) query = query.where('seq', '<', before);
  const { action, actor, object, since, until } = filter;
  if (action !== undefined) {
    const isFamily = action.endsWith('.');
    query = isFamily
      ? query.where(sql<boolean>`substr(${text('action')}, 1, ${action.length}) = ${action}`)
      : query.where(sql<boolean>`${text('action')} = ${action}`);
  }
  if (actor !== undefined) query = query.where(sql<boolean>`(${text('actor', 'id')} = ${actor} or ${text('actor', 'kind')} = ${actor})`);
  if (object !== undefined)
    query = query.where(sql<boolean>`(${text('object', 'id')} = ${object} or ${text('object', 'kind')} = ${object})`);
  if (since !== undefined) query = query.where(sql<boolean>`${text('at')} >= ${since}`);
  if (until !== undefined) query = query.where(sql<boolean>`${text('at')} < ${until}`);
  return query.execute();
}
