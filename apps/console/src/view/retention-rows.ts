import type { RetentionPreview } from '@fortfail/protocol';

type PreviewPoint = RetentionPreview['points'][number];

/**
 * A few rows that tell the most: what would go first, then the newest that stay. In the order of time, newest first.
 */
export const tellingRows = (points: readonly PreviewPoint[], limit: number): PreviewPoint[] => {
  const newestFirst = [...points].sort((a, b) => (a.time < b.time ? 1 : -1));
  const going = newestFirst.filter(({ verdict }) => verdict === 'remove');
  const staying = newestFirst.filter(({ verdict }) => verdict !== 'remove');
  const shownGoing = going.slice(0, Math.max(Math.ceil(limit / 2), limit - staying.length));
  const shown = new Set([...shownGoing, ...staying.slice(0, limit - shownGoing.length)]);
  return newestFirst.filter((point) => shown.has(point));
};
