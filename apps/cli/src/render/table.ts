import { displayWidth } from './format.ts';

/** A cell: one line or several. */
export type Cell = string | readonly string[];

export interface TableColumn<R> {
  readonly title: string;
  readonly cell: (row: R) => Cell;
}

/** Lines of a table in restic's form: two spaces between columns, rules of dashes, cells of several lines. */
export function renderTable<R>(columns: readonly TableColumn<R>[], rows: readonly R[], footer: readonly string[] = []): string {
  const cells = rows.map((row) => columns.map(({ cell }) => [cell(row)].flat()));
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...cells.map((row) => Math.max(0, ...(row[index] ?? []).map(displayWidth)))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => (index === texts.length - 1 ? text : text + ' '.repeat((widths[index] ?? 0) - displayWidth(text))))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width, 2 * (columns.length - 1)));
  const body = cells.flatMap((row) => {
    const height = Math.max(1, ...row.map((lines) => lines.length));
    return Array.from({ length: height }, (_, index) => line(row.map((lines) => lines[index] ?? '')));
  });
  return `${[line(columns.map(({ title }) => title)), rule, ...body, rule, ...footer].join('\n')}\n`;
}
