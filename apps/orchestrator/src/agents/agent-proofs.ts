import { createHash } from 'node:crypto';
import { type Clock, isFortFailError } from '@fortfail/base';
import { claimedNonce, type RequestProof, readRequestProof } from '@fortfail/trust';
import type { Database } from '../database/database.ts';
import type { AgentTable } from '../database/tables.ts';
import { HttpRefusal } from '../http/problems.ts';
import type { ProofMemory } from './proof-memory.ts';
import type { SiteNonces } from './site-nonces.ts';

/** How long after its end a certificate may still be renewed by its key alone. */
export const renewableDays = 90;
const dayMs = 86_400_000;

export interface AgentProofsParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly memory: ProofMemory;
  readonly nonces: SiteNonces;
}

/** One request, and the proof that it comes from an agent. */
export interface ProofQuestion {
  readonly agentId: string;
  readonly proof: string;
  readonly method: string;
  /** By its public address, with the query. */
  readonly url: string;
  readonly body?: Uint8Array | undefined;
  /** Drawn for this very request; without it a proof may carry one of the site's nonces. */
  readonly nonce?: string;
}

/** Judges proofs by agents' identity keys. */
export class AgentProofs {
  readonly nonces: SiteNonces;
  readonly #parts: AgentProofsParts;

  constructor(parts: AgentProofsParts) {
    this.#parts = parts;
    this.nonces = parts.nonces;
  }

  /**
   * The agent whose key made the proof, whatever its standing. Throws 401: `proof-*` for a proof that is malformed, late,
   * replayed or for another request, `agent-unknown` for a key that is not this agent's.
   */
  async agentOf(question: ProofQuestion): Promise<AgentTable> {
    const found = await this.#read(question);
    const { database, memory } = this.#parts;
    const row = await database.read.selectFrom('agent').selectAll().where('id', '=', question.agentId).executeTakeFirst();
    if (row === undefined || (row.identity !== found.thumbprint && row.previous_identity !== found.thumbprint)) throw unknownAgent();
    // Only proofs of known keys are remembered, so that strangers cannot fill anything.
    const id = createHash('sha256').update(`${found.thumbprint}.${found.jti}`).digest('base64url');
    if (!(await memory.take(id))) throw unproven('proof-replayed', 'unable to accept a request proof that was used before');
    if (row.previous_identity !== null && row.identity === found.thumbprint) await this.#forgetPrevious(row.id, found.thumbprint);
    return row;
  }

  async #read(question: ProofQuestion): Promise<RequestProof> {
    const { clock, nonces } = this.#parts;
    const { proof, method, url, body } = question;
    const claimed = question.nonce ?? claimedNonce(proof);
    if (question.nonce === undefined && claimed !== undefined && !nonces.isGood(claimed))
      throw unproven('proof-nonce', 'unable to accept a request proof with a nonce that is not, or no longer, ours');
    try {
      return await readRequestProof(proof, { method, url, body, nonce: claimed, now: clock.now() });
    } catch (error) {
      if (!isFortFailError(error)) throw error;
      throw new HttpRefusal(401, { kind: 'denied', code: error.code, message: error.message, hint: error.hint, cause: error });
    }
  }

  async #forgetPrevious(agentId: string, identity: string): Promise<void> {
    await this.#parts.database.transaction((tx) =>
      tx.updateTable('agent').set({ previous_identity: null }).where('id', '=', agentId).where('identity', '=', identity).execute(),
    );
  }
}

/** What an agent that has proven who it is may do: `use` the site, or only `renew` its certificate. */
export type AgentPurpose = 'use' | 'renew';

/** Throws 403 `agent-pending|agent-held|agent-revoked`, and 401 for a certificate that is over. */
export function requireStanding(row: AgentTable, now: Date, purpose: AgentPurpose): void {
  switch (row.status) {
    case 'pending':
      throw standing('agent-pending', 'it waits for somebody to approve it', 'Approve it in the console, comparing the six words.');
    case 'held':
      throw standing('agent-held', row.reason ?? 'it is held', 'Somebody has to look at it in the console.');
    case 'revoked':
      throw standing('agent-revoked', 'it was revoked', 'Enrol this host anew with another join string.');
  }
  if (row.certificate_until === null) return;
  const overMs = now.getTime() - Date.parse(row.certificate_until);
  if (overMs > renewableDays * dayMs)
    throw unproven(
      'certificate-too-old',
      `unable to accept an agent whose certificate ended more than ${renewableDays} days ago`,
      'Enrol this host anew.',
    );
  if (overMs > 0 && purpose === 'use')
    throw unproven('certificate-expired', 'unable to accept an agent whose certificate has ended', 'It must renew it first.');
}

export function unknownAgent(): HttpRefusal {
  return unproven(
    'agent-unknown',
    'unable to accept this agent, it is unknown or this is not its key',
    'Enrol this host with a join string.',
  );
}

function unproven(code: string, message: string, hint?: string): HttpRefusal {
  return new HttpRefusal(401, { kind: 'denied', code, message, hint });
}

function standing(code: string, why: string, hint: string): HttpRefusal {
  return new HttpRefusal(403, { kind: 'denied', code, message: `unable to work with this agent: ${why}`, hint });
}
