import { z } from 'zod';
import { instant, personId, tokenId } from './ids.ts';
import { role } from './me.ts';

/** A role and where it holds: `site`, `plan:<id>` or `host:<agent id>`. */
export const grant = z.strictObject({
  role,
  scope: z.string().regex(/^(site|plan:pln_[0-9a-f]{16}|host:agt_[0-9a-f]{16})$/, 'must be site, plan:<id> or host:<agent id>'),
});
export type PersonGrant = z.infer<typeof grant>;
export const personName = z
  .string()
  .regex(/^(?! )[\p{L}\p{N}._@ -]{1,64}(?<! )$/u, 'must be 1 to 64 letters, digits or . _ @ - and space within');
export const personDraft = z.strictObject({ name: personName, grants: z.array(grant).min(1).max(100) });
export const personChange = z.strictObject({ grants: z.array(grant).min(1).max(100), disabled: z.boolean() });
export const person = z.object({
  id: personId,
  name: z.string(),
  grants: z.array(grant),
  disabled: z.boolean(),
  hasPassword: z.boolean(),
  passkeys: z.int(),
  createdAt: instant,
  lastSeenAt: instant.nullable(),
});
export type Person = z.infer<typeof person>;

/** An API token's rights are its own grants intersected with its owner's at the moment of use. */
export const tokenDraft = z.strictObject({
  name: z.string().min(1).max(64),
  grants: z.array(grant).min(1).max(100),
  days: z.int().min(1).max(400).default(90),
  /** Whose it is to be. Only the local socket may name somebody; without a name it makes one for the first administrator. */
  personId: personId.optional(),
});
export const apiToken = z.object({
  id: tokenId,
  personId,
  personName: z.string(),
  name: z.string(),
  grants: z.array(grant),
  createdAt: instant,
  expiresAt: instant,
  lastUsedAt: instant.nullable(),
});
export type ApiToken = z.infer<typeof apiToken>;
