import { z } from 'zod';
import { instant } from './ids.ts';
import { job } from './job.ts';
import { planState } from './plan.ts';

/** "Are we safe?" in one answer. The title is a true sentence, computed by the server from policy. */
export const overview = z.object({
  now: instant,
  site: z.string(),
  version: z.string(),
  title: z.string(),
  subtitle: z.string(),
  counts: z.object({ kept: z.int(), atRisk: z.int(), broken: z.int(), unknown: z.int(), held: z.int() }),
  facts: z.array(z.object({ label: z.string(), value: z.string(), detail: z.string() })),
  /** Worst first. */
  plans: z.array(planState),
  running: z.array(job),
  repositories: z.array(
    z.object({ id: z.string(), name: z.string(), location: z.string(), storedBytes: z.number().nullable(), points: z.int() }),
  ),
  /** Open ones, and how many of them nobody has acknowledged. */
  alerts: z.object({ open: z.int(), unacknowledged: z.int() }),
  audit: z.object({ seq: z.int(), hash: z.string() }),
});
export type Overview = z.infer<typeof overview>;
