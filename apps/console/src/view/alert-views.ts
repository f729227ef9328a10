import type { Alert } from '@fortfail/protocol';
import { counted } from '../format/quantity.ts';
import type { Tone } from '../ui/tone.ts';

export const alertTone: Readonly<Record<Alert['severity'], Tone>> = { broken: 'lost', 'at-risk': 'risk', info: 'unknown' };
export const alertWord: Readonly<Record<Alert['severity'], string>> = { broken: 'Broken', 'at-risk': 'At risk', info: 'To know' };

/** The answer of the page: how many are open, and how many of them nobody looks after. */
export const alertsTitle = (open: readonly Alert[], hasMore: boolean): string => {
  if (open.length === 0) return 'No alert is open';
  const free = open.filter(({ acknowledgedAt }) => acknowledgedAt === null).length;
  const number = `${hasMore ? 'More than ' : ''}${counted(open.length, 'alert is', 'alerts are')} open`;
  if (free === 0) return `${number}, ${open.length === 1 ? 'and somebody looks after it' : 'and somebody looks after each'}`;
  return free === open.length ? `${number}, taken by nobody` : `${number}, ${free} of them taken by nobody`;
};

const severities: readonly Alert['severity'][] = ['broken', 'at-risk', 'info'];

/** Worst first, and of those that nobody took first; else as they came: newest first. */
export const inOrder = (open: readonly Alert[]): Alert[] =>
  [...open].sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      Number(a.acknowledgedAt !== null) - Number(b.acknowledgedAt !== null) ||
      Date.parse(b.openedAt) - Date.parse(a.openedAt),
  );
