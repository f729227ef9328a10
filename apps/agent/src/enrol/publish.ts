import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, makePrivateFolder, removeFile, replaceFile } from '../durable-file.ts';
import { keepOldSealingKey, keyFileNames } from '../identity/host-keys.ts';
import { type SiteFile, siteFile, writeSiteFile } from '../identity/site-file.ts';

/** Where an enrolment is prepared: nothing in here is believed until it was published. */
export const stagingOf = (agentFolder: string): string => join(agentFolder, 'enrolling');

/** What belongs to the identity before: of no use to the next one, whose numbers begin anew. */
const bygone = ['site.json', 'last-order', 'plans.json', 'roster.json', 'last-backups.json', 'renewal.json', 'state.json', 'evidence-key'];
const bygonePattern = /^heads-[a-z]+\.jsonl$/;

/** The site's answer is durable: from here on the enrolment is finished whatever is killed. */
export async function stageEnrolment(agentFolder: string, site: SiteFile): Promise<void> {
  await makePrivateFolder(stagingOf(agentFolder));
  await replaceFile(join(stagingOf(agentFolder), 'site.json'), `${JSON.stringify(site, null, 2)}\n`);
}

/**
 * Publishes what was staged, also by a later process after a kill: keys first, `site.json` last, each by one rename.
 * Answers the enrolment, undefined when none was staged.
 */
export async function finishEnrolment(agentFolder: string, now: Date): Promise<SiteFile | undefined> {
  const staging = stagingOf(agentFolder);
  const text = await readFile(join(staging, 'site.json'), 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const site = siteFile.parse(JSON.parse(text));
  const staged = new Set(await readdir(staging));
  const isBegun = keyFileNames.some((name) => !staged.has(name));
  if (!isBegun) {
    await forgetBefore(agentFolder);
    await keepOldSealingKey(agentFolder, now);
  }
  for (const name of keyFileNames) if (staged.has(name)) await rename(join(staging, name), join(agentFolder, name));
  await replaceFile(join(agentFolder, 'id'), `${site.agentId}\n`);
  await writeSiteFile(agentFolder, site);
  await removeFile(join(staging, 'site.json'));
  await rm(staging, { recursive: true, force: true });
  return site;
}

async function forgetBefore(agentFolder: string): Promise<void> {
  const names = (await readdir(agentFolder)).filter((name) => bygone.includes(name) || bygonePattern.test(name));
  // First the one that says that this is an agent of a site at all.
  for (const name of names.sort((a, b) => Number(b === 'site.json') - Number(a === 'site.json'))) await removeFile(join(agentFolder, name));
}
