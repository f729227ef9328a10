import { z } from 'zod';
import { absolutePath, agentId, givenName, instant, repositoryId } from './ids.ts';

export const repositoryDraft = z.strictObject({
  name: givenName,
  path: absolutePath,
  /** The agent that makes and keeps it; null: the resident agent. */
  agentId: agentId.nullable().default(null),
});
/** A repository as the site knows it. The password stays on the agent's host; only where its file lies is known here. */
export const repository = z.object({
  id: repositoryId,
  name: givenName,
  agentId,
  location: z.string(),
  resticId: z.string().nullable(),
  passwordFile: z.string().nullable(),
  status: z.enum(['creating', 'ready', 'failed']),
  points: z.int(),
  storedBytes: z.int().nullable(),
  createdAt: instant,
  checkedAt: instant.nullable(),
});
export type Repository = z.infer<typeof repository>;
