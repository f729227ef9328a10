import { z } from 'zod';
import { instant } from './ids.ts';

export const role = z.enum(['viewer', 'operator', 'restorer', 'admin', 'auditor']);
export type Role = z.infer<typeof role>;
export const me = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(role),
  via: z.enum(['session', 'local-socket', 'link', 'token']),
  hasPassword: z.boolean(),
  passkeys: z.array(z.object({ id: z.string(), name: z.string(), createdAt: instant })),
  sessionUntil: instant.nullable(),
});
export type Me = z.infer<typeof me>;
/** What a browser may know before anyone signed in. */
export const signInState = z.object({ setUp: z.boolean(), site: z.string(), version: z.string() });
/** `link` is the one-time secret from the fragment; name and password are asked for on the first of them only. */
export const linkSignIn = z.strictObject({ link: z.string().min(20).max(200) });
export const passwordSignIn = z.strictObject({ name: z.string().min(1).max(64), password: z.string().min(1).max(1024) });
export const passwordChange = z.strictObject({
  name: z
    .string()
    .regex(/^(?! )[\p{L}\p{N}._@ -]{1,64}(?<! )$/u, 'must be 1 to 64 letters, digits or . _ @ - and space within')
    .optional(),
  currentPassword: z.string().max(1024).optional(),
  newPassword: z.string().min(12, 'must have at least 12 characters').max(1024),
});
