import { z } from 'zod';
import { agentId, instant } from './ids.ts';

export const agent = z.object({
  id: agentId,
  hostname: z.string(),
  kind: z.enum(['resident', 'remote']),
  version: z.string(),
  connected: z.boolean(),
  lastSeenAt: instant.nullable(),
  restoreRoot: z.string().nullable(),
  isRoot: z.boolean(),
});
export type Agent = z.infer<typeof agent>;
