import { z } from 'zod';
import { isId, maxIdLength } from '../../first-api/ids.ts';
import { refuse } from '../../first-api/refusal.ts';
import { faultsOf } from '../problems.ts';

/** The largest object of the first API. */
export const maxObjectBytes = 10 * 1024 ** 3;
const maxMetadataBytes = 64 << 10;
const maxDepth = 32;

const id = z.string().refine(isId, `must be 1 to ${maxIdLength} characters without control characters`);
const metadata = z
  .record(z.string(), z.unknown())
  .superRefine((value, context) => {
    // In this order: what is nested too deep cannot even be measured.
    if (!isShallow(value, maxDepth)) context.addIssue({ code: 'custom', message: `must not be nested deeper than ${maxDepth}` });
    else if (Buffer.byteLength(JSON.stringify(value)) > maxMetadataBytes)
      context.addIssue({ code: 'custom', message: 'must be at most 64 KiB of JSON' });
  })
  .nullish();

export const tokenBody = z.object({
  registration_secret: z.string().min(8).max(1024),
  agent_id: z
    .string()
    .max(maxIdLength)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be of A-Z a-z 0-9 _ -')
    .nullish(),
});
export const snapshotBody = z.object({
  id,
  agent_id: id,
  checksum: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
    .toLowerCase(),
  size: z.int().min(1).max(maxObjectBytes),
  metadata,
});
export const restoreJobBody = z.object({ snapshot_id: id, target_agent_id: id });
export const eventBody = z.object({
  job_id: z.string().max(maxIdLength).nullish(),
  snapshot_id: z.string().max(maxIdLength).nullish(),
  event_type: z.string().min(1).max(maxIdLength),
  message: z.string().max(10_000),
  metadata,
});
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).max(10_000_000).default(0),
});

/** What was sent, in its form. Throws 422 with one sentence that names every field at fault. */
export function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const faults = faultsOf(result.error.issues).map(({ field, message }) => (field === '' ? message : `${field} ${message}`));
  throw refuse(422, 'invalid-fields', faults.join('; '));
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}
