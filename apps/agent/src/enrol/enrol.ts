import { createHash, timingSafeEqual } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join as pathTo } from 'node:path';
import { type Clock, FortFailError, type Secret } from '@fortfail/base';
import { type Enrolment, type EnrolmentRequest, enrolment } from '@fortfail/protocol';
import { agentWords, decodeJoinString, formatSshPublicKey, type JoinFields, readRoster, sshFingerprint } from '@fortfail/trust';
import { caFingerprint, makeCsr } from '@fortfail/trust/certificates';
import { makePrivateFolder } from '../durable-file.ts';
import { HostKeys } from '../identity/host-keys.ts';
import { machineMark } from '../identity/machine.ts';
import { createSecretFile, readSecretFile } from '../identity/secret-file.ts';
import { readSiteFile, type SiteFile } from '../identity/site-file.ts';
import { answerError, send } from '../link/remote-site.ts';
import { signerOf } from '../witness/signer-of.ts';
import { finishEnrolment, stageEnrolment, stagingOf } from './publish.ts';

export interface EnrolOptions {
  readonly agentFolder: string;
  readonly hostname: string;
  readonly version: string;
  readonly joinString: Secret;
  /** Become another agent although this host is one already. */
  readonly replace: boolean;
  /** `ALLOW_PLAIN_HTTP`: a site beyond this machine may be spoken to without TLS. */
  readonly allowPlain: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Enrolled {
  readonly agentId: string;
  readonly site: { readonly name: string; readonly url: string };
  readonly status: Enrolment['status'];
  /** The same words as on the console: whoever compares them knows that nobody sat between. */
  readonly words: readonly string[];
  readonly owner: string | null;
  /** True when this host was an agent already and nothing was done. */
  readonly wasEnrolled: boolean;
}

/**
 * Makes this host an agent of a site. Keys are made here; the join string is used once. A kill at any moment leaves either
 * no enrolment or a whole one: what the site answered is durable before anything of it counts, and is finished later.
 */
export async function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { agentFolder, clock, replace } = options;
  await makePrivateFolder(agentFolder);
  const finished = await finishEnrolment(agentFolder, clock.now());
  const known = finished ?? (await readSiteFile(agentFolder));
  if (known !== undefined && (!replace || finished !== undefined))
    return await describe(agentFolder, known, 'active', finished === undefined);
  const join = decodeJoinString(options.joinString.reveal());
  if (join.x * 1000 <= clock.now().getTime()) throw expired(new Date(join.x * 1000));
  requireTls(join.u, options.allowPlain);
  const ca = await fetchAuthority(join, options.signal);
  const keys = await stagedKeys(agentFolder, join.t);
  const answer = await askSite(join, ca, keys, options);
  const owner = verifyOwner(join, answer);
  if (ca !== null && answer.ca !== null && caFingerprint(answer.ca) !== join.c) throw otherAuthority(join.u);
  await stageEnrolment(agentFolder, {
    v: 1,
    url: baseOf(join.u),
    siteId: answer.site.id,
    siteName: answer.site.name,
    agentId: answer.agentId,
    ca,
    linkKeys: answer.linkKeys,
    owner,
    recovery: join.r ?? null,
    generation: answer.generation,
    machine: await machineMark(),
    certificate: answer.certificate,
  });
  const site = await finishEnrolment(agentFolder, clock.now());
  if (site === undefined)
    throw new FortFailError({ kind: 'bug', code: 'enrolment-gone', message: 'unable to find the enrolment just made' });
  return await describe(agentFolder, site, answer.status, false);
}

/** Who this host is, as `fortfail agent show` and a second `enrol` tell it. */
export async function describe(agentFolder: string, site: SiteFile, status: Enrolment['status'], wasEnrolled: boolean): Promise<Enrolled> {
  const keys = await HostKeys.ensure(agentFolder);
  return {
    agentId: site.agentId,
    site: { name: site.siteName, url: site.url },
    status,
    words: wordsOf(keys),
    owner: site.owner,
    wasEnrolled,
  };
}

export function wordsOf(keys: HostKeys): readonly string[] {
  return agentWords({ identity: keys.identity.thumbprint, sealing: keys.sealing.recipient, signing: keys.signing.publicLine });
}

/** What a host asks of a site once. */
export async function enrolmentRequestOf(
  keys: HostKeys,
  { hostname, version, token }: { readonly hostname: string; readonly version: string; readonly token: string },
): Promise<EnrolmentRequest> {
  const [csr, machine] = [await makeCsr(keys.identity, hostname), await machineMark()];
  return { token, csr, sealing: keys.sealing.recipient, signing: keys.signing.publicLine, hostname, machine, version };
}

/** Keys made for this join string: the same when it is tried again after a kill, others for another one. */
async function stagedKeys(agentFolder: string, token: string): Promise<HostKeys> {
  const staging = stagingOf(agentFolder);
  const mark = createHash('sha256').update(token).digest('hex');
  const known = await readSecretFile(pathTo(staging, 'token'));
  if (known?.reveal() !== mark) await rm(staging, { recursive: true, force: true });
  await makePrivateFolder(staging);
  await createSecretFile(pathTo(staging, 'token'), mark);
  return await HostKeys.ensure(staging);
}

/** Reads the site's authority without trust and holds it against the join string; null for ordinary web PKI. */
async function fetchAuthority({ u, c }: JoinFields, signal: AbortSignal): Promise<string | null> {
  if (c === 'system' || u.startsWith('http:')) return null;
  const answer = await send(`${baseOf(u)}/ca.pem`, { method: 'GET', headers: {}, signal, rejectUnauthorized: false });
  if (answer.status !== 200) throw answerError(answer, 'read the authority of the site');
  let found: string;
  try {
    found = caFingerprint(answer.text);
  } catch {
    // Whatever stands there, it is no authority's certificate.
    throw otherAuthority(u);
  }
  const [expected, actual] = [Buffer.from(c), Buffer.from(found)];
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) throw otherAuthority(u);
  return answer.text;
}

async function askSite(join: JoinFields, ca: string | null, keys: HostKeys, options: EnrolOptions): Promise<Enrolment> {
  const { hostname, version, signal } = options;
  const request = await enrolmentRequestOf(keys, { hostname, version, token: join.t });
  const body = Buffer.from(JSON.stringify(request));
  const headers = { accept: 'application/json', 'content-type': 'application/json', 'content-length': String(body.length) };
  const address = `${baseOf(join.u)}/api/v1/enrolments`;
  const answer = await send(address, { method: 'POST', headers, signal, ...(ca === null ? {} : { ca }) }, body);
  const read = enrolment.safeParse(answer.body);
  if (answer.status >= 400 || !read.success) throw answerError(answer, 'enrol this host');
  return read.data;
}

/**
 * The owner's key: that which signed the roster, when its fingerprint is the one in the join string. Throws `denied` when
 * the site shows another, or none although the join string names one.
 */
function verifyOwner({ o }: JoinFields, { roster, site }: Enrolment): string | null {
  if (o === undefined) return null;
  if (roster === null) throw otherOwner('the site shows no roster');
  const key = signerOf(roster.signature);
  if (sshFingerprint(key) !== o) throw otherOwner('its roster is signed by another key');
  readRoster({ ...roster, owner: key, site: site.id });
  return formatSshPublicKey(key);
}

function baseOf(address: string): string {
  return address.replace(/\/+$/, '');
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

function requireTls(address: string, allowPlain: boolean): void {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || loopback.has(hostname) || allowPlain) return;
  throw new FortFailError({
    kind: 'denied',
    code: 'plain-http',
    message: `unable to enrol at '${hostname}' without TLS`,
    hint: 'Type `fortfail expose` on the orchestrator and use its join string; or set ALLOW_PLAIN_HTTP=1 in a network that is yours alone.',
  });
}

function expired(at: Date): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'join-expired',
    message: `unable to use a join string that ended at ${at.toISOString()}`,
    hint: 'Make a new one on the console or with `fortfail join`. Is the clock of this host right?',
  });
}

function otherAuthority(address: string): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'other-authority',
    message: `unable to trust '${new URL(address).host}', its authority is not the one of the join string`,
    hint: 'Somebody may sit between, or the site has a new authority: make a new join string and compare.',
  });
}

function otherOwner(why: string): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'other-owner',
    message: `unable to enrol, ${why} than the owner that the join string names`,
    hint: 'Do not go on before you know why. The join string is used up; make a new one.',
  });
}
