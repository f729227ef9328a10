import { z } from 'zod';
import { instant, planId, repositoryId, resticId, restorePointId } from './ids.ts';

/** partial < complete < checked (stored bytes were read and verified) < drilled (really restored and compared). */
export const grade = z.enum(['partial', 'complete', 'checked', 'drilled']);
export type Grade = z.infer<typeof grade>;

export const restorePoint = z.object({
  id: restorePointId,
  planId,
  planName: z.string(),
  repositoryId,
  kind: z.enum(['files', 'config']),
  snapshot: resticId,
  grade,
  /** When the backup began by the host's clock, and when the site heard of it. Retention decides on the second. */
  time: instant,
  receivedAt: instant,
  hostname: z.string(),
  paths: z.array(z.string()),
  files: z.int(),
  directories: z.int(),
  bytes: z.int(),
  addedBytes: z.int(),
  storedBytes: z.int(),
  errors: z.int(),
  tookSeconds: z.number(),
  forgottenAt: instant.nullable(),
  lastDrillId: z.string().nullable(),
});
export type RestorePoint = z.infer<typeof restorePoint>;

/** One entry of a restore point's folder. `path` is as UTF-8 as can be; `name` is Go-quoted where bytes are not. */
export const fileEntry = z.object({
  name: z.string(),
  path: z.string(),
  type: z.enum(['file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket', 'irregular']),
  size: z.number().nullable(),
  mode: z.string(),
  modified: instant,
  uid: z.int(),
  gid: z.int(),
  user: z.string(),
  group: z.string(),
  linkTarget: z.string().nullable(),
});
export type FileEntry = z.infer<typeof fileEntry>;
export const fileListing = z.object({ restorePointId, path: z.string(), entries: z.array(fileEntry), nextCursor: z.string().nullable() });
export type FileListing = z.infer<typeof fileListing>;
