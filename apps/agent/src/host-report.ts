import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asFortFailError, type Clock, type ErrorRecord, type Logger, toErrorRecord } from '@fortfail/base';
import { parseSshPublicKey, sshFingerprint } from '@fortfail/trust';
import type { AgentConfig } from './config.ts';
import { wordsOf } from './enrol/enrol.ts';
import { isDue } from './enrol/renewal.ts';
import { HostKeys } from './identity/host-keys.ts';
import { isOtherMachine, machineMark } from './identity/machine.ts';
import { readSiteFile } from './identity/site-file.ts';
import { Consents, type Question } from './policy/consents.ts';
import { type ReadPolicy, readPolicy } from './policy/read-policy.ts';

/** One thing that `fortfail doctor` looked at on this host. */
export interface Finding {
  readonly grade: 'good' | 'note' | 'bad';
  readonly what: string;
  readonly sentence: string;
  readonly hint: string | null;
}

/** What `fortfail agent show` tells. */
export interface HostReport {
  readonly agentId: string | null;
  readonly kind: 'resident' | 'remote' | 'air-gapped';
  readonly site: { readonly name: string; readonly url: string } | null;
  readonly words: readonly string[] | null;
  readonly link: Readonly<Record<string, unknown>> | null;
  readonly policy: { readonly path: string | null; readonly digest: string; readonly isOwn: boolean } | null;
  readonly policyError: ErrorRecord | null;
  /** Owner's fingerprint. */
  readonly owner: string | null;
  readonly lastOrder: number;
  readonly questions: readonly Question[];
}

export interface ReportParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Looks at what lies on this host; asks nobody and changes nothing. */
export async function reportHost({ config, clock }: ReportParts): Promise<HostReport> {
  const { agentFolder } = config;
  const site = await readSiteFile(agentFolder);
  const keys = await HostKeys.open(agentFolder).catch(() => undefined);
  const policy = await tryPolicy(config.policyPaths);
  const found = 'policy' in policy ? policy : undefined;
  const owner = found?.policy.owner ?? site?.owner ?? null;
  return {
    agentId: site?.agentId ?? (await readText(join(agentFolder, 'id')))?.trim() ?? null,
    kind: site === undefined ? 'resident' : site.url === '' ? 'air-gapped' : 'remote',
    site: site === undefined ? null : { name: site.siteName, url: site.url },
    words: keys === undefined ? null : wordsOf(keys),
    link: readJson(await readText(join(agentFolder, 'state.json'))),
    policy: found === undefined ? null : { path: found.path, digest: found.digest, isOwn: found.isOwn },
    policyError: 'error' in policy ? policy.error : null,
    owner: owner === null ? null : sshFingerprint(parseSshPublicKey(owner)),
    lastOrder: Number((await readText(join(agentFolder, 'last-order'))) ?? 0),
    questions: await new Consents(agentFolder, clock).questions(),
  };
}

/** What of this host's set-up is good, and what a person should know of. */
export async function examineHost(parts: ReportParts): Promise<Finding[]> {
  const { config, clock } = parts;
  const report = await reportHost(parts);
  const site = await readSiteFile(config.agentFolder);
  const findings = [await keysFinding(config.agentFolder), ...policyFindings(report), ownerFinding(report)];
  if (site !== undefined && isOtherMachine(site.machine, await machineMark()))
    findings.push(
      bad('machine', 'This installation was moved or copied from another machine.', 'Type `fortfail agent moved`, or enrol a copy anew.'),
    );
  if (site !== undefined && isDue(site.certificate, clock.now()))
    findings.push(note('certificate', 'The certificate of this agent is due for renewal.', 'The agent renews it while it is connected.'));
  if (report.link !== null && report.link.standing !== undefined && typeof report.link.sentence === 'string')
    findings.push(bad('link', report.link.sentence, null));
  for (const { words, sentence } of report.questions)
    findings.push(note('consent', `An order waits for consent: ${sentence}.`, `Type: fortfail agent approve ${words.join(' ')}`));
  return findings;
}

async function keysFinding(agentFolder: string): Promise<Finding> {
  try {
    const keys = await HostKeys.open(agentFolder);
    if (keys === undefined) return note('keys', 'This host has no keys of an agent yet.', 'Start the agent, or enrol this host.');
    return good('keys', 'The keys of this agent are readable by their owner alone.');
  } catch (error) {
    const { message, hint } = asFortFailError(error);
    return bad('keys', message, hint ?? null);
  }
}

function policyFindings({ policy, policyError }: HostReport): Finding[] {
  if (policyError !== null) return [bad('policy', `${policyError.message}. No order is obeyed.`, policyError.hint ?? null)];
  if (policy === null || policy.path === null)
    return [
      note(
        'policy',
        'There is no policy file: the built-in one for homes holds.',
        'Write /etc/fortfail/policy.json to set other rules; see docs/agents.md.',
      ),
    ];
  if (policy.isOwn && process.getuid?.() !== 0)
    return [
      note(
        'policy',
        `The policy '${policy.path}' does not bind the user that runs the agent, who may change it.`,
        'Root writes /etc/fortfail/policy.json.',
      ),
    ];
  return [good('policy', `The policy '${policy.path}' can be changed by root alone.`)];
}

function ownerFinding({ owner }: HostReport): Finding {
  if (owner !== null) return good('owner', `The owner is ${owner}.`);
  return note(
    'owner',
    'No owner is named: there is no recovery kit that this host knows of.',
    'After `fortfail kit create`, type `fortfail agent owner set` on each host.',
  );
}

const good = (what: string, sentence: string): Finding => ({ grade: 'good', what, sentence, hint: null });
const note = (what: string, sentence: string, hint: string | null): Finding => ({ grade: 'note', what, sentence, hint });
const bad = (what: string, sentence: string, hint: string | null): Finding => ({ grade: 'bad', what, sentence, hint });

async function tryPolicy(paths: readonly string[]): Promise<ReadPolicy | { readonly error: ErrorRecord }> {
  return await readPolicy(paths).catch((error: unknown) => ({ error: toErrorRecord(error) }));
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}

function readJson(text: string | undefined): Readonly<Record<string, unknown>> | null {
  try {
    return text === undefined ? null : (JSON.parse(text) as Readonly<Record<string, unknown>>);
  } catch {
    // Half a file says nothing.
    return null;
  }
}
