import { z } from 'zod';
import { alertId, instant } from './ids.ts';

/** Something a person should know of. Raised once per `kind` and object while it lasts; it ends by itself when it is over. */
export const alert = z.object({
  id: alertId,
  kind: z.string(),
  severity: z.enum(['broken', 'at-risk', 'info']),
  object: z.object({ kind: z.string(), id: z.string() }),
  /** What is true, since when, what to do. */
  sentence: z.string(),
  count: z.int(),
  openedAt: instant,
  lastAt: instant,
  acknowledgedAt: instant.nullable(),
  acknowledgedBy: z.string().nullable(),
  endedAt: instant.nullable(),
});
export type Alert = z.infer<typeof alert>;
