import { z } from 'zod';
import { denied, invalid } from '../refusal.ts';
import { namespaces } from '../ssh/namespaces.ts';
import { sshFingerprint } from '../ssh/public-key.ts';
import { verifySshSignature } from '../ssh/signature.ts';
import { agentId, ageRecipient, digest, documentText, instant, label, siteId } from './fields.ts';
import { textDigest } from './grant-order.ts';
import { parseDocument, type SignedText } from './read-signed.ts';
import { type Roster, rosterPasskeys, rosterSigners, signerName } from './roster.ts';
import { verifyAssertion } from './webauthn.ts';

const minuteMs = 60_000;
/** How long an approval may be good for. */
const longestMs = { browse: 15 * minuteMs, ordinary: 60 * minuteMs, fourEyes: 24 * 60 * minuteMs } as const;
/** How far ahead the clock may be on which it was made. */
const skewMs = 5 * minuteMs;

const bareDigest = z.preprocess((value) => (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? `sha256:${value}` : value), digest);

/**
 * A person's consent to one thing: to a proposal by its digest (restores), or to be shown files, sealed to one recipient
 * (`browse`). It is good on the hosts it names and until it ends.
 */
export const approvalDocument = z.strictObject({
  v: z.literal(1),
  site: siteId,
  job: z.string().max(64).optional(),
  action: z.string().regex(/^[a-z][a-z-]{1,40}$/),
  hosts: z.array(agentId).min(1).max(200),
  proposal: bareDigest.optional(),
  recipient: ageRecipient.optional(),
  /** Only below these; undefined means all. */
  paths: z.array(z.string().min(1).max(4096)).min(1).max(100).optional(),
  by: label,
  made: instant,
  until: instant,
});
export type ApprovalDocument = z.infer<typeof approvalDocument>;

/** The text that is signed: as SSHSIG in `fortfail-approval@v1`, or as the challenge of a passkey. Kind `invalid-input`. */
export function approvalText(facts: ApprovalDocument): string {
  return documentText('approval', approvalDocument, facts);
}

/** How a person consented; the shape of the protocol's `approval`. */
export type Approval =
  | { readonly by: 'ssh'; readonly signed: SignedText }
  | { readonly by: 'webauthn'; readonly text: string; readonly assertion: Readonly<Record<string, unknown>> };

export interface ApprovalQuestion {
  readonly roster: Roster;
  readonly now: Date;
  readonly action: string;
  /** The agent that is to act. */
  readonly host: string;
  /** The digest this agent computed itself, with or without `sha256:`. */
  readonly proposal?: string | undefined;
  /** The recipient answers are to be sealed to. One of `proposal` and `recipient` is needed. */
  readonly recipient?: string | undefined;
  /** Narrows what the roster says of its passkeys. */
  readonly rp?: { readonly id: string; readonly origins: readonly string[] } | undefined;
  /** What the host's policy takes; both unless said. */
  readonly signers?: readonly ('ssh' | 'webauthn')[] | undefined;
  /** It needs several persons, and may wait for them up to 24 hours instead of one. */
  readonly fourEyes?: boolean | undefined;
}

export interface VerifiedApproval {
  /** The admin's name in the roster. */
  readonly name: string;
  readonly by: 'ssh' | 'webauthn';
  /** SSH fingerprint or credential id. */
  readonly kid: string;
  readonly document: ApprovalDocument;
  /** `sha256:...` of the exact text. */
  readonly digest: string;
}

interface Signer {
  readonly name: string;
  readonly kid: string;
}

function signerOf(approval: Approval, question: ApprovalQuestion): Signer {
  if (approval.by === 'webauthn') {
    return verifyAssertion(approval, rosterPasskeys(question.roster, 'approve', question.now), question.rp);
  }
  const signers = rosterSigners(question.roster, ['approve'], question.now);
  const { text, signature } = approval.signed;
  const key = verifySshSignature({ bytes: text, signature, namespace: namespaces.approval, keys: signers.map((signer) => signer.key) });
  return { name: signerName(signers, key), kid: sshFingerprint(key) };
}

function judgeTimes({ made, until }: ApprovalDocument, question: ApprovalQuestion): void {
  const now = question.now.getTime();
  const longest = question.fourEyes ? longestMs.fourEyes : question.action === 'browse' ? longestMs.browse : longestMs.ordinary;
  const isTooLong = Date.parse(until) - Date.parse(made) > longest;
  if (isTooLong) throw denied('approval-long', `unable to use an approval for more than ${longest / minuteMs} minutes`);
  if (Date.parse(made) > now + skewMs) throw denied('approval-early', `unable to use an approval made at ${made}, which is still to come`);
  if (now >= Date.parse(until)) throw denied('approval-expired', `unable to use an approval that ended at ${until}`, 'Ask for a new one.');
}

function judge(document: ApprovalDocument, question: ApprovalQuestion): void {
  const { site, action, hosts, proposal, recipient } = document;
  if (site !== question.roster.site) throw denied('approval-site', 'unable to use an approval of another site');
  if (action !== question.action) throw denied('approval-action', `unable to use an approval of '${action}' for '${question.action}'`);
  if (!hosts.includes(question.host)) throw denied('approval-host', 'unable to use an approval for other hosts');
  if (question.proposal !== undefined && proposal !== `sha256:${question.proposal.replace(/^sha256:/, '')}`) {
    throw denied('approval-proposal', 'unable to use an approval of another proposal', 'Look at the proposal again, and approve that.');
  }
  if (question.recipient !== undefined && recipient !== question.recipient) {
    throw denied('approval-recipient', 'unable to use an approval for another recipient');
  }
  judgeTimes(document, question);
}

/**
 * Verifies a person's consent against the roster and against what this agent is about to do. Kind `denied`: `signature-*` or
 * `passkey-*` from the signature, `approval-signer|-malformed|-site|-action|-host|-proposal|-recipient|-long|-early|-expired`.
 */
export function readApproval(approval: Approval, question: ApprovalQuestion): VerifiedApproval {
  if (question.proposal === undefined && question.recipient === undefined) {
    throw invalid('approval-question', 'unable to hold an approval against neither a proposal nor a recipient');
  }
  if (!(question.signers ?? ['ssh', 'webauthn']).includes(approval.by)) {
    const needed = approval.by === 'ssh' ? 'a passkey' : 'an SSH key';
    throw denied('approval-signer', `unable to use an approval here that was not given with ${needed}`, 'Sign with `fortfail approve`.');
  }
  const text = approval.by === 'ssh' ? approval.signed.text : approval.text;
  if (!text.isWellFormed()) throw denied('approval-malformed', 'unable to read the approval');
  const signer = signerOf(approval, question);
  const document = parseDocument('approval', approvalDocument, text);
  judge(document, question);
  return { ...signer, by: approval.by, document, digest: textDigest(text) };
}

/**
 * As `readApproval` for each, and at least `persons` of them by different admins with different keys. Kind `denied`, code
 * `approval-persons` when there are fewer; one that is not good refuses them all.
 */
export function readApprovals(approvals: readonly Approval[], question: ApprovalQuestion, persons: number): readonly VerifiedApproval[] {
  const verified = approvals.map((approval) => readApproval(approval, { ...question, fourEyes: question.fourEyes ?? persons > 1 }));
  const names = new Set(verified.map(({ name }) => name)).size;
  const kids = new Set(verified.map(({ kid }) => kid)).size;
  if (Math.min(names, kids) < persons) {
    throw denied(
      'approval-persons',
      `unable to go on with the consent of ${Math.min(names, kids)} of ${persons} persons`,
      'Another admin must approve, too.',
    );
  }
  return verified;
}
