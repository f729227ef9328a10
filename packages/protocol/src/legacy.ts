import { z } from 'zod';
import { instant } from './ids.ts';

/** An agent id of the first API, as its clients write it. */
const legacyId = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9_-]+$/, 'must be of A-Z a-z 0-9 _ -');

export const legacyIdentity = z.strictObject({ agentId: legacyId });
/** Null: the pool, which is operated by tokens without an agent id. */
export const legacyRevocation = z.strictObject({ agentId: legacyId.nullable() });
export const legacyTokenDraft = legacyRevocation.extend({ days: z.int().min(1).max(365).default(7) });
/** Shown once. */
export const legacyToken = z.object({ token: z.string(), agentId: z.string().nullable(), expiresAt: instant });
/** Shown once: it goes where the shared registration secret went before. */
export const legacySecret = z.object({ agentId: z.string(), secret: z.string() });
