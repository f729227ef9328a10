import { createHash } from 'node:crypto';
import { type Clock, FortFailError } from '@fortfail/base';
import type { Approval, BrowseQuestion, BrowseSession } from '@fortfail/protocol';
import { type Roster, readApproval, sixWords } from '@fortfail/trust';

/** What the policy of the host says of looking into its restore points. */
export interface BrowseRules {
  /** `session`: whoever is signed in at an orchestrator on this same machine; everybody else needs an approval. */
  readonly browse: 'session' | 'webauthn' | 'ssh' | 'none';
  /** Whose approvals count. */
  readonly signers: readonly ('ssh' | 'webauthn')[];
}

export interface BrowseGuardParts {
  readonly clock: Clock;
  readonly agentId: () => string;
  /** Reached over the socket in this agent's own data folder: the orchestrator is on this machine. */
  readonly isResident: boolean;
  /** Read anew for each question: a policy may have been changed. */
  readonly rules: () => Promise<BrowseRules>;
  /** The newest that the owner named on this host has signed; null without an owner. */
  readonly roster: () => Promise<Roster | null>;
  /** Uses up the consent to what this digest names, given on this host; false when there is none. */
  readonly useConsent: (digest: string) => Promise<boolean>;
}

/** How an answer may leave: in plain, or sealed to this recipient, and then of these paths only. */
export type Leave = { readonly form: 'open' } | { readonly form: 'sealed'; readonly recipient: string; readonly paths?: readonly string[] };

/** How long a consent on the host opens anything; an approval says itself, and may not be for longer. */
const consentedForMs = 15 * 60_000;
const mostConsented = 64;

/**
 * Decides whether a question about files is answered. The orchestrator's word that somebody is signed in opens nothing but
 * what lies on its own machine: an approval names the key of the asking tab, and is verified here.
 */
export class BrowseGuard {
  readonly #parts: BrowseGuardParts;
  /** Recipients that somebody on this host said yes to, and until when (ms since 1970). */
  readonly #consented = new Map<string, number>();

  constructor(parts: BrowseGuardParts) {
    this.#parts = parts;
  }

  /** Throws `denied`: `approval-needed`, with the next step as its hint, or what is wrong with the approval given. */
  async judge(session: BrowseSession, question: BrowseQuestion): Promise<Leave> {
    const rules = await this.#parts.rules();
    if (rules.browse === 'none') throw refused('browse-refused', 'the policy of this host lets nobody');
    if (rules.browse === 'session' && this.#parts.isResident) return { form: 'open' };
    const { recipient, approval } = session;
    if (approval !== null) {
      const paths = await this.#approvedPaths(rules, recipient, approval);
      if (paths !== undefined && !isWithinAll(question, paths)) throw refused('approval-paths', 'the approval names other paths');
      return { form: 'sealed', recipient, ...(paths === undefined ? {} : { paths }) };
    }
    if (await this.#isConsented(recipient)) return { form: 'sealed', recipient };
    throw this.#needed(rules, recipient);
  }

  /** Verifies an approval; answers the paths it is limited to. The recipient is in the signed text, else whoever carries it could put in another. */
  async #approvedPaths(rules: BrowseRules, recipient: string, approval: Approval): Promise<readonly string[] | undefined> {
    const roster = await this.#parts.roster();
    if (roster === null) throw refused('approval-roster', 'it knows no owner whose roster could name the signer');
    const { document } = readApproval(approval, {
      roster,
      now: this.#parts.clock.now(),
      action: 'browse',
      host: this.#parts.agentId(),
      recipient,
      signers: rules.browse === 'ssh' ? rules.signers.filter((signer) => signer === 'ssh') : rules.signers,
    });
    return document.paths;
  }

  async #isConsented(recipient: string): Promise<boolean> {
    if (recipient === '') return false;
    const now = this.#parts.clock.now().getTime();
    for (const [key, until] of this.#consented) if (until <= now) this.#consented.delete(key);
    if (this.#consented.has(recipient)) return true;
    if (this.#consented.size >= mostConsented || !(await this.#parts.useConsent(browseDigest(this.#parts.agentId(), recipient))))
      return false;
    this.#consented.set(recipient, now + consentedForMs);
    return true;
  }

  #needed({ browse }: BrowseRules, recipient: string): FortFailError {
    const words = recipient === '' ? '' : sixWords(browseDigest(this.#parts.agentId(), recipient)).join(' ');
    const consent = words === '' ? '' : ` Or type on that host: fortfail agent approve ${words}`;
    return new FortFailError({
      kind: 'denied',
      code: 'approval-needed',
      message: 'unable to show files of this host before somebody approved it',
      hint: `Approve it by ${browse === 'ssh' ? 'an SSH key' : 'a passkey or an SSH key'} of the roster.${consent}`,
    });
  }
}

/** What a consent on the host names: this agent, and the key that answers are sealed to. 64 hex digits. */
export function browseDigest(agentId: string, recipient: string): string {
  return createHash('sha256').update(`fortfail-browse@v1\0${agentId}\0${recipient}`).digest('hex');
}

/** Whether a path is one of these or below one. */
export function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`));
}

/** A search goes everywhere: what it finds elsewhere is left out of the answer instead. */
function isWithinAll(question: BrowseQuestion, paths: readonly string[]): boolean {
  return question.ask === 'find' || isWithin(question.path, paths);
}

function refused(code: string, why: string): FortFailError {
  return new FortFailError({ kind: 'denied', code, message: `unable to show files of this host, ${why}` });
}
