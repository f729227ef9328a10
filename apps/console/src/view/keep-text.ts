import type { Plan } from '@fortfail/protocol';

const rules = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/** The keep rules in words: `last 7, daily 14, all within 30d, never fewer than 1`. */
export const keepText = (keep: Plan['keep']): string =>
  [
    ...rules.flatMap((rule) => (keep[rule] === undefined ? [] : [`${rule} ${keep[rule]}`])),
    ...(keep.within === undefined ? [] : [`all within ${keep.within}`]),
    `never fewer than ${keep.minimum}`,
  ].join(', ');
