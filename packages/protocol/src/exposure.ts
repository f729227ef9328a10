import { z } from 'zod';
import { instant } from './ids.ts';

const hostName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^(?!-)[A-Za-z0-9:._-]+$/, 'must be a host name or an address');

/** Under which names other hosts reach this site, and where it listens for them. */
export const exposureDraft = z.strictObject({
  names: z.array(hostName).min(1).max(20),
  /** Null: all addresses of this machine. */
  host: hostName.nullable().default(null),
  port: z.int().min(0).max(65_535).default(8443),
});
export type ExposureDraft = z.infer<typeof exposureDraft>;

/** How agents of other hosts reach this site. `url` is null while they cannot. */
export const exposure = z.object({
  url: z.string().nullable(),
  names: z.array(z.string()),
  port: z.int().nullable(),
  /** Of the authority that agents pin; `system` where the certificate is one that machines trust anyway. */
  authority: z.string().nullable(),
  certificateUntil: instant.nullable(),
});
export type Exposure = z.infer<typeof exposure>;
