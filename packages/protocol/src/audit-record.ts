import { z } from 'zod';

/** One link of the audit chain. `body` is RFC 8785 JSON written once; hash = sha256("ffaudit1\n" seq "\n" prev "\n" body). */
export const auditRecord = z.object({ seq: z.int(), prev: z.string(), body: z.string(), hash: z.string() });
export type AuditRecord = z.infer<typeof auditRecord>;
export const auditVerification = z.object({
  chain: z.string(),
  records: z.int(),
  head: z.string(),
  whole: z.boolean(),
  brokenAt: z.int().nullable(),
  reason: z.string().nullable(),
});
export type AuditVerification = z.infer<typeof auditVerification>;
