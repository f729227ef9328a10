import type { Engine } from '../database.ts';

/**
 * The statement that makes a table. Columns are written once for both engines, with the types `text`, `int` and `real`:
 * strict tables on SQLite, `bigint` and `double precision` on PostgreSQL.
 */
export function createTable(engine: Engine, name: string, columns: string): string {
  if (engine === 'sqlite') return `create table ${name} (${columns}) strict`;
  return `create table ${name} (${forPostgres(columns)})`;
}

/** A column to add to a table: `add column NAME TYPE ...` with the types of `createTable`. */
export function addColumn(engine: Engine, table: string, column: string): string {
  return `alter table ${table} add column ${engine === 'sqlite' ? column : forPostgres(column)}`;
}

function forPostgres(columns: string): string {
  return columns.replaceAll(/ int\b/g, ' bigint').replaceAll(/ real\b/g, ' double precision');
}
