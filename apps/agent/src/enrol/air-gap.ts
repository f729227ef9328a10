import { type Clock, FortFailError } from '@fortfail/base';
import { type EnrolmentRequest, enrolment, enrolmentRequest } from '@fortfail/protocol';
import { formatSshPublicKey, parseSshPublicKey, readRoster, sshFingerprint, verifySshSignature } from '@fortfail/trust';
import { z } from 'zod';
import { makePrivateFolder } from '../durable-file.ts';
import { HostKeys } from '../identity/host-keys.ts';
import { machineMark } from '../identity/machine.ts';
import { readSiteFile } from '../identity/site-file.ts';
import { signerOf } from '../witness/signer-of.ts';
import { describe, type Enrolled, enrolmentRequestOf, wordsOf } from './enrol.ts';
import { finishEnrolment, stageEnrolment, stagingOf } from './publish.ts';

/** What an air-gapped host hands out: its request, signed by its own signing key. */
export const agentRequest = z.strictObject({
  v: z.literal(1),
  kind: z.literal('fortfail-agent-request'),
  text: z.string().max(65_536),
  signature: z.string().max(8192),
});
export type AgentRequest = z.infer<typeof agentRequest>;

/** What its site gives back: the enrolment, and what a join string would have told. */
export const agentIssue = z.strictObject({
  v: z.literal(1),
  kind: z.literal('fortfail-agent-issue'),
  /** The host's identity key, as it was asked for: an issue for another host is refused. */
  signing: z.string(),
  enrolment,
  owner: z.string().nullable(),
  recovery: z.string().nullable(),
  /** JWS of the agent's plans, when there are any. */
  plans: z.string().nullable(),
});
export type AgentIssue = z.infer<typeof agentIssue>;

const namespace = 'fortfail-agent-request@v1';
/** The request's token is filled in by the site, whose own it is. */
const noToken = 'air-gapped-host-has-no-token';

export interface AirGapOptions {
  readonly agentFolder: string;
  readonly hostname: string;
  readonly version: string;
  readonly clock: Clock;
}

/** Makes keys for an enrolment by files, and the request to carry to the site. The same keys when asked again. */
export async function makeAgentRequest({
  agentFolder,
  hostname,
  version,
}: AirGapOptions): Promise<AgentRequest & { words: readonly string[] }> {
  await makePrivateFolder(stagingOf(agentFolder));
  const keys = await HostKeys.ensure(stagingOf(agentFolder));
  const text = JSON.stringify(await enrolmentRequestOf(keys, { hostname, version, token: noToken }));
  return { v: 1, kind: 'fortfail-agent-request', text, signature: keys.signing.sign(text, namespace), words: wordsOf(keys) };
}

/** The request inside, when its signature is by the signing key that it names. Throws `denied` and `invalid-input`. */
export function readAgentRequest(value: unknown): EnrolmentRequest {
  const request = agentRequest.safeParse(value);
  if (!request.success) throw malformed('agent-request', 'a request of an agent', '`fortfail agent request`');
  const { text, signature } = request.data;
  const inner = enrolmentRequest.safeParse(parseJson(text));
  if (!inner.success) throw malformed('agent-request', 'a request of an agent', '`fortfail agent request`');
  verifySshSignature({ bytes: text, signature, namespace, keys: [parseSshPublicKey(inner.data.signing)] });
  return inner.data;
}

/** Takes in what the site issued for the keys made here. Throws `denied` for an issue that is for others. */
export async function acceptIssue(value: unknown, { agentFolder, clock }: AirGapOptions): Promise<Enrolled> {
  const read = agentIssue.safeParse(value);
  if (!read.success) throw malformed('agent-issue', 'what the site issued', '`fortfail agent issue`');
  const known = await readSiteFile(agentFolder);
  const { enrolment: answer, owner, recovery, signing } = read.data;
  if (known?.agentId === answer.agentId) return await describe(agentFolder, known, 'active', true);
  const keys = await HostKeys.open(stagingOf(agentFolder));
  if (keys?.signing.publicLine !== formatSshPublicKey(parseSshPublicKey(signing))) throw otherHost();
  await stageEnrolment(agentFolder, {
    v: 1,
    url: '',
    siteId: answer.site.id,
    siteName: answer.site.name,
    agentId: answer.agentId,
    ca: answer.ca,
    linkKeys: answer.linkKeys,
    owner: owner === null ? null : ownerLine(owner, read.data),
    recovery,
    generation: answer.generation,
    machine: await machineMark(),
    certificate: answer.certificate,
  });
  const site = await finishEnrolment(agentFolder, clock.now());
  if (site === undefined)
    throw new FortFailError({ kind: 'bug', code: 'enrolment-gone', message: 'unable to find the enrolment just made' });
  return await describe(agentFolder, site, answer.status, false);
}

/** The owner's key behind a fingerprint: it signed the roster that came along. */
function ownerLine(fingerprint: string, { enrolment: { roster, site } }: AgentIssue): string {
  if (roster === null) throw malformed('agent-issue', 'the roster of the owner', '`fortfail agent issue`');
  const key = signerOf(roster.signature);
  if (sshFingerprint(key) !== fingerprint)
    throw new FortFailError({
      kind: 'denied',
      code: 'other-owner',
      message: 'unable to accept a roster that another key signed than the owner named',
    });
  readRoster({ ...roster, owner: key, site: site.id });
  return formatSshPublicKey(key);
}

function otherHost(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'other-host',
    message: 'unable to accept what was issued for another host',
    hint: 'Carry the request of this very host to the site: `fortfail agent request`.',
  });
}

function malformed(code: string, what: string, by: string): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code, message: `unable to read ${what}`, hint: `It is the whole output of ${by}.` });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema says what is wrong with nothing.
    return undefined;
  }
}
