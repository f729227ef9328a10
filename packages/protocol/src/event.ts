import { z } from 'zod';
import { instant } from './ids.ts';
import { jobLogLine, jobProgress } from './job.ts';

/**
 * A live event. Stored ones have a sequence number that only grows; a client that names the last it saw gets what
 * followed. `job.progress` is never stored and carries seq null. `changed` says an object should be read again.
 */
export const event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('changed'),
    seq: z.int(),
    at: instant,
    object: z.enum(['plan', 'job', 'restore-point', 'drill', 'restore', 'repository', 'agent', 'slot', 'alert', 'kit', 'grant']),
    id: z.string(),
    planId: z.string().nullable(),
  }),
  z.object({ type: z.literal('job.progress'), seq: z.null(), at: instant, id: z.string(), progress: jobProgress }),
  z.object({ type: z.literal('job.log'), seq: z.null(), at: instant, id: z.string(), lines: z.array(jobLogLine) }),
]);
export type Event = z.infer<typeof event>;

/** Frames of `/api/v1/events`, server to client. `reset`: the asked sequence number is no longer held, read all anew. */
export const eventFrame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), now: instant, seq: z.int() }),
  z.object({ type: z.literal('reset'), seq: z.int() }),
  z.object({ type: z.literal('beat'), now: instant, seq: z.int() }),
  ...event.options,
]);
export type EventFrame = z.infer<typeof eventFrame>;
