import { z } from 'zod';

const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[0-9a-f]{16}$`), `must look like ${prefix}_0123456789abcdef`);

export const planId = id('pln');
export const jobId = id('job');
export const restorePointId = id('rpt');
export const drillId = id('drl');
export const restoreId = id('rst');
export const repositoryId = id('rep');
export const agentId = id('agt');
export const personId = id('per');
export const tokenId = id('tok');
export const alertId = id('alr');
export const grantId = id('grt');
/** A restic id: SHA-256 as 64 lower-case hexadecimal digits. */
export const resticId = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');
/** RFC 3339 in UTC. */
export const instant = z.iso.datetime({ offset: true });
export const absolutePath = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\//, 'must be an absolute path')
  .refine((path) => !path.includes('\0'), 'must not contain NUL')
  .refine((path) => path.isWellFormed(), 'must be well-formed Unicode');
/** A name people give: what a plan or repository is called. Unique within its kind. */
export const givenName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be 1 to 63 of a-z 0-9 . _ - and begin with a letter or digit');
