import { z } from 'zod';
import { approval } from './grant.ts';
import { absolutePath, instant, restorePointId } from './ids.ts';
import { fileEntry } from './restore-point.ts';

/**
 * Looking into restore points. Of another host's point the answer comes sealed to `recipient`, an age recipient that the
 * browser tab made; the agent itself checks the approval. `open` is for agents on the orchestrator's own machine.
 */
export const sealedAnswer = z.discriminatedUnion('form', [
  z.object({ form: z.literal('open'), value: z.unknown() }),
  z.object({ form: z.literal('sealed'), age: z.string() }),
]);
export type SealedAnswer = z.infer<typeof sealedAnswer>;

export const browseSession = z.strictObject({ recipient: z.string().max(200), approval: approval.nullable().default(null) });
export type BrowseSession = z.infer<typeof browseSession>;

export const browseQuestion = z.discriminatedUnion('ask', [
  z.strictObject({
    ask: z.literal('list'),
    path: absolutePath.default('/'),
    cursor: z.string().max(2000).nullable().default(null),
    limit: z.int().min(1).max(1000).default(500),
  }),
  /** Names that contain the text, at most `limit`, in tree order. */
  z.strictObject({ ask: z.literal('find'), text: z.string().min(1).max(200), limit: z.int().min(1).max(1000).default(200) }),
  /** The first bytes of a file, for a look: at most 256 KiB, base64. */
  z.strictObject({ ask: z.literal('preview'), path: absolutePath, bytes: z.int().min(1).max(262_144).default(65_536) }),
  /** One file through the plan's points, newest first. */
  z.strictObject({ ask: z.literal('versions'), path: absolutePath, points: z.array(restorePointId).min(1).max(200) }),
]);
export type BrowseQuestion = z.infer<typeof browseQuestion>;

export const filePreview = z.object({ path: z.string(), size: z.number(), bytes: z.string(), isCut: z.boolean() });
export const foundFiles = z.object({ entries: z.array(fileEntry), isCut: z.boolean() });
export const fileVersion = z.object({
  restorePointId,
  time: instant,
  /** Null: not in that point. */
  entry: fileEntry.nullable(),
  /** Equal text, equal content: a digest over the file's blob ids. */
  content: z.string().nullable(),
});
export const fileVersions = z.object({ path: z.string(), versions: z.array(fileVersion) });
export type FilePreview = z.infer<typeof filePreview>;
export type FoundFiles = z.infer<typeof foundFiles>;
export type FileVersions = z.infer<typeof fileVersions>;
