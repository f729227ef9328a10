import { z } from 'zod';

/** RFC 9457 problem details, with FortFail's kind, code and hint, and the fields that were wrong. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  kind: z.string(),
  code: z.string(),
  hint: z.string().optional(),
  requestId: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;
