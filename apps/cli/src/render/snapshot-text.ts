import type { SnapshotGroupKey } from '@fortfail/policy';
import type { Snapshot } from '@fortfail/repository';
import { formatBinaryBytes, formatLocalTime, printable } from './format.ts';
import { renderTable, type TableColumn } from './table.ts';

/** The first eight digits of an id, as people use them. */
export const shortId = (id: string): string => id.slice(0, 8);

/** A stored snapshot as restic's JSON has it: the document with its id. */
export function snapshotJson(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  return { ...snapshot.document, id: snapshot.id, short_id: shortId(snapshot.id) };
}

/** A snapshot in a list: restic shows its paths in order there, whatever the order they were given in. */
export function listedSnapshotJson(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  return { ...snapshotJson(snapshot), paths: inOrder(snapshot.paths) };
}

const inOrder = (paths: readonly string[]): string[] => [...paths].sort((a, b) => Buffer.from(a).compare(Buffer.from(b)));

const timeOf = (snapshot: Snapshot): Date => new Date(Number(snapshot.timeNs / 1_000_000n));

/** A time as Go prints it: `2026-11-21 08:40:36.456719839 +0000 UTC`, in the offset it was made in. */
export function goTimeText(timeNs: bigint, offsetSeconds: number): string {
  const wall = new Date(Number(timeNs / 1_000_000n) + offsetSeconds * 1000).toISOString();
  const fraction = String(((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const minutes = Math.floor(Math.abs(offsetSeconds) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = `${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
  const zone = offsetSeconds === 0 ? 'UTC' : offset;
  return `${wall.slice(0, 10)} ${wall.slice(11, 19)}${fraction === '' ? '' : `.${fraction}`} ${offset} ${zone}`;
}

/** `2f974dc8 of [/home] at 2026-11-21 08:40:36.4 +0000 UTC by root@vm`. */
export function snapshotLine(snapshot: Snapshot): string {
  const when = goTimeText(snapshot.timeNs, snapshot.offsetSeconds);
  return `${shortId(snapshot.id)} of [${snapshot.paths.map(printable).join(' ')}] at ${when} by ${snapshot.username}@${snapshot.hostname}`;
}

export interface SnapshotTableOptions {
  readonly compact: boolean;
  /** What `TZ` names, as restic says it; undefined for the machine's own zone. */
  readonly zone: string | undefined;
  /** Why each is kept, by id; shown as a column when given. */
  readonly reasons?: ReadonlyMap<string, readonly string[]>;
}

/** restic's table of snapshots, oldest first; nothing for none. */
export function snapshotTable(snapshots: readonly Snapshot[], { compact, zone, reasons }: SnapshotTableOptions): string {
  if (snapshots.length === 0) return '';
  const ordered = [...snapshots].sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  const hasSizes = snapshots.some(({ summary }) => summary !== undefined);
  const size = ({ summary }: Snapshot): string => (summary === undefined ? '' : formatBinaryBytes(summary.totalBytesProcessed));
  const columns: TableColumn<Snapshot>[] = [
    { title: 'ID', cell: ({ id }) => shortId(id) },
    { title: 'Time', cell: (snapshot) => formatLocalTime(timeOf(snapshot)) },
    { title: compact ? 'Host' : 'Host      ', cell: ({ hostname }) => printable(hostname) },
    { title: compact ? 'Tags  ' : 'Tags      ', cell: ({ tags }) => (compact ? tags.join(',') : tags) },
  ];
  if (!compact && reasons !== undefined) columns.push({ title: 'Reasons', cell: ({ id }) => reasons.get(id) ?? [] });
  if (!compact) columns.push({ title: 'Paths', cell: ({ paths }) => inOrder(paths).map(printable) });
  if (hasSizes) columns.push({ title: 'Size', cell: size });
  return renderTable(columns, ordered, [`Timestamps shown in ${zone || 'local time'}`, `${ordered.length} snapshots`]);
}

/** `snapshots for (host [vm], paths [/a, /b]):`; nothing when all are in one group. */
export function groupHeadline({ hostname, paths, tags }: SnapshotGroupKey): string {
  const parts = [
    hostname === '' ? undefined : `host [${hostname}]`,
    paths === null ? undefined : `paths [${paths.map(printable).join(', ')}]`,
    tags === null ? undefined : `tags [${tags.join(', ')}]`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `snapshots for (${parts.join(', ')}):\n`;
}
