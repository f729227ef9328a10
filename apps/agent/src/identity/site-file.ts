import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { agentId } from '@fortfail/protocol';
import { z } from 'zod';
import { errnoOf, replaceFile } from '../durable-file.ts';

/**
 * What enrolment left: which site this agent belongs to, how to know it again, and whose orders it obeys. An agent process
 * with this file connects to `url`; without it, it is the resident agent of its data folder.
 */
export const siteFile = z.strictObject({
  v: z.literal(1),
  /** Base address, `https://ff.example:8443`; empty for an agent that is carried by files (air gap). */
  url: z.string(),
  siteId: z.string(),
  siteName: z.string().default(''),
  agentId,
  /** PEM of the site's own authority; null: ordinary web PKI. */
  ca: z.string().nullable(),
  /** Public keys (SSH lines) that sign orders. */
  linkKeys: z.array(z.string()).min(1),
  /** Owner's public key (SSH line), pinned at enrolment. */
  owner: z.string().nullable(),
  /** age recipient of the recovery key. */
  recovery: z.string().nullable(),
  generation: z.int(),
  /** Hash of the machine that enrolled. */
  machine: z.string(),
  certificate: z.string().nullable().default(null),
});
export type SiteFile = z.infer<typeof siteFile>;

const pathOf = (agentFolder: string): string => join(agentFolder, 'site.json');

/** The enrolment of this agent; undefined when there is none. Throws `damaged` for one that cannot be understood. */
export async function readSiteFile(agentFolder: string): Promise<SiteFile | undefined> {
  const path = pathOf(agentFolder);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return siteFile.parse(JSON.parse(text));
  } catch (cause) {
    const hint = 'Put it back from a copy, or enrol anew with `fortfail agent enrol --replace`.';
    throw new FortFailError({ kind: 'damaged', code: 'site-file', message: `unable to read '${path}'`, hint, cause });
  }
}

/** Replaces it, durably. */
export async function writeSiteFile(agentFolder: string, site: SiteFile): Promise<void> {
  await replaceFile(pathOf(agentFolder), `${JSON.stringify(site, null, 2)}\n`);
}
