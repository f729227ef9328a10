import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, isFortFailError, type Secret } from '@fortfail/base';
import { hashSecret, makeTypedSecret, readTypedSecret } from '@fortfail/trust';
import { errors, jwtVerify, SignJWT } from 'jose';
import { raiseAlert } from '../alerts/alerts.ts';
import type { Change, ChangeContext, Changes } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { LegacyAgentTable } from '../database/tables.ts';
import { randomHex } from '../ids.ts';
import { isSamePlace } from './addresses.ts';
import type { Caller } from './caller.ts';
import { claimId, findClaim, isStopped } from './claims.ts';
import type { Limits } from './limits.ts';
import { recordOf } from './records.ts';
import { refuse } from './refusal.ts';
import type { Rebind } from './settings.ts';

export const tokenSeconds = 604_800;
const audience = 'fortfail-legacy';
const ticketSeconds = 30;
/** How long after its end a token still proves who it was minted for. */
const afterlifeSeconds = 30 * 24 * 3600;

export interface TokenParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly jwt: Secret;
  readonly registration: Secret;
  readonly rebind: Rebind;
  readonly foreignJwt: boolean;
}

export interface MintRequest {
  readonly secret: string;
  readonly agentId: string | undefined;
  /** A token that the caller has from before. */
  readonly previous: string | undefined;
  readonly address: string;
  readonly request: string;
}

export interface Minted {
  readonly token: string;
  readonly expiresIn: number;
  /** The id's own secret, told once, when it was claimed just now. */
  readonly agentSecret: string | undefined;
}

/** Whom a ticket is for, and the token it was made with; null for one that is not in our books. */
export interface TicketHolder {
  readonly caller: Caller;
  readonly tokenId: string | null;
}

/** What a token says, once it was verified. */
interface Claims {
  readonly id: string | undefined;
  readonly agentId: string | null;
}

/** Tokens of the first API: who gets one, and whom one is for. */
export class Tokens {
  readonly #parts: TokenParts;
  readonly #key: Uint8Array;

  constructor(parts: TokenParts) {
    this.#parts = parts;
    this.#key = new TextEncoder().encode(parts.jwt.reveal());
  }

  /** A token for a registration secret. Throws 403 for a wrong secret or a foreign id, 429 after too many of them. */
  async mint(request: MintRequest): Promise<Minted> {
    this.#parts.limits.token(request.address);
    try {
      return await this.#mintOnce(request);
    } catch (error) {
      // Somebody claimed the same id in this moment: now it is claimed, and judged as such.
      if (!isFortFailError(error, 'conflict') || error.code !== 'not-unique') throw error;
      return this.#mintOnce(request);
    }
  }

  async #mintOnce(request: MintRequest): Promise<Minted> {
    const { limits, changes, database } = this.#parts;
    const isShared = equals(request.secret, this.#parts.registration.reveal());
    const owner = isShared ? undefined : await this.#ownerOf(request.secret);
    if (!isShared && (owner === undefined || owner.id !== request.agentId)) {
      limits.failed(request.address);
      throw refuse(403, 'wrong-secret', 'Invalid registration secret');
    }
    const previous = request.previous === undefined ? undefined : await this.#previous(request.previous);
    const { agentId } = request;
    const context = contextFor(agentId, request.request);
    if (agentId !== undefined) {
      const known = await findClaim(database.read, agentId);
      if (known !== undefined && (await isStopped(database.read, known)))
        throw refuse(403, 'agent-stopped', 'This agent is held or revoked');
      if (known !== undefined && !this.#mayHave(known, request, owner, previous)) {
        await this.#refuseClaim(known, context);
        throw refuse(403, 'claimed-id', 'This agent id is claimed; use its own secret or its previous token');
      }
    }
    return changes.run(context, (change) => this.#mintIn(change, request));
  }

  /** A token that an administrator makes for an id, whoever claimed it; never for a native one. */
  async mintFor(change: Change, agentId: string | null, days: number): Promise<{ token: string; expiresAt: string }> {
    if (agentId !== null) {
      const known = (await findClaim(change.tx, agentId)) ?? (await claimId(change, agentId, { claim: 'agent', address: null }));
      if (known.claim === 'native') throw refuse(409, 'native-id', `unable to make a token for '${agentId}', it has a key of its own`);
      if (known.claim === 'pool') await change.tx.updateTable('legacy_agent').set({ claim: 'agent' }).where('id', '=', agentId).execute();
    }
    const seconds = days * 24 * 3600;
    const expiresAt = new Date((Math.floor(Date.parse(change.now) / 1000) + seconds) * 1000).toISOString();
    return { token: await this.#sign(change, agentId, seconds), expiresAt };
  }

  /** A new secret of its own for an id, in place of the one it had. */
  async newSecret(change: Change, agentId: string): Promise<string> {
    const secret = makeTypedSecret('ffl', randomHex(6));
    const secretHash = await hashSecret(secret);
    const known = await findClaim(change.tx, agentId);
    if (known === undefined) await claimId(change, agentId, { claim: 'agent', address: null, secretHash });
    else if (known.claim === 'native') throw refuse(409, 'native-id', `unable to make a secret for '${agentId}', it has a key of its own`);
    else await change.tx.updateTable('legacy_agent').set({ claim: 'agent', secret_hash: secretHash }).where('id', '=', agentId).execute();
    change.audit(recordOf('secret_made', { kind: 'agent', id: known?.agent_id ?? agentId }, { agent_id: agentId }));
    return secret;
  }

  /** Whom a token is for. Throws 401. */
  async read(token: string): Promise<{ caller: Caller; id: string }> {
    const claims = await this.#verify(token, 0);
    if (claims.agentId === null) return { caller: { kind: 'pool' }, id: claims.id ?? 'foreign' };
    const known = await findClaim(this.#parts.database.read, claims.agentId);
    if (known?.claim === 'native' || (known !== undefined && (await isStopped(this.#parts.database.read, known)))) throw invalid();
    return { caller: { kind: 'agent', id: claims.agentId, native: false }, id: claims.id ?? 'foreign' };
  }

  /** A ticket for one WebSocket within half a minute. */
  async newTicket(holder: TicketHolder, context: ChangeContext): Promise<{ ticket: string; expiresIn: number }> {
    const ticket = makeTypedSecret('fft', randomHex(6));
    const hash = await hashSecret(ticket);
    await this.#parts.changes.run(context, async (change) => {
      const expires_at = new Date(Date.parse(change.now) + ticketSeconds * 1000).toISOString();
      await change.tx
        .insertInto('legacy_ticket')
        .values({ hash, caller: JSON.stringify(holder), expires_at, used_at: null })
        .execute();
      change.audit({ chain: 'access', action: 'ticket_minted', object: { kind: 'ticket', id: hash.slice(0, 12) } });
    });
    return { ticket, expiresIn: ticketSeconds };
  }

  /** Whom a ticket lets in; it works once. Throws 401. */
  async useTicket(ticket: string): Promise<TicketHolder> {
    const { changes, clock } = this.#parts;
    const hash = await hashSecret(ticket);
    const context = { actor: { id: 'ticket', kind: 'legacy', via: 'ticket' }, request: 'none' } as const;
    const row = await changes.run(context, async (change) => {
      const used = await change.tx
        .updateTable('legacy_ticket')
        .set({ used_at: change.now })
        .where('hash', '=', hash)
        .where('used_at', 'is', null)
        .where('expires_at', '>', clock.now().toISOString())
        .returning('caller')
        .executeTakeFirst();
      return change.nothing(used);
    });
    if (row === undefined) throw invalid();
    return JSON.parse(row.caller) as TicketHolder;
  }

  /** Throws 401 once the token that a ticket was made with is over, or its agent is stopped. */
  async checkHolder({ caller, tokenId }: TicketHolder): Promise<void> {
    const { database, clock } = this.#parts;
    const token =
      tokenId === null
        ? undefined
        : await database.read.selectFrom('legacy_token').selectAll().where('id', '=', tokenId).executeTakeFirst();
    if (token !== undefined && (token.revoked_at !== null || token.expires_at <= clock.now().toISOString())) throw invalid();
    const known = caller.kind === 'agent' ? await findClaim(database.read, caller.id) : undefined;
    if (known !== undefined && (await isStopped(database.read, known))) throw invalid();
  }

  async #mintIn(change: Change, request: MintRequest): Promise<Minted> {
    const { agentId, address } = request;
    let agentSecret: string | undefined;
    if (agentId !== undefined) {
      const known = await findClaim(change.tx, agentId);
      if (known === undefined) {
        agentSecret = makeTypedSecret('ffl', randomHex(6));
        await claimId(change, agentId, { claim: 'agent', address, secretHash: await hashSecret(agentSecret) });
      } else await change.tx.updateTable('legacy_agent').set({ address }).where('id', '=', agentId).execute();
    }
    const token = await this.#sign(change, agentId ?? null, tokenSeconds, address);
    return { token, expiresIn: tokenSeconds, agentSecret };
  }

  async #sign(change: Change, agentId: string | null, seconds: number, address?: string): Promise<string> {
    const id = randomBytes(16).toString('base64url');
    const issued = Math.floor(Date.parse(change.now) / 1000);
    const expires_at = new Date((issued + seconds) * 1000).toISOString();
    await change.tx
      .insertInto('legacy_token')
      .values({ id, legacy_id: agentId, created_at: change.now, expires_at, revoked_at: null })
      .execute();
    const object = { kind: 'token', id };
    change.audit(recordOf('token_minted', object, { agent_id: agentId, expires_at }, address));
    const known = agentId === null ? undefined : await findClaim(change.tx, agentId);
    change.event('agent', known?.agent_id ?? 'pool');
    return new SignJWT(agentId === null ? {} : { agent_id: agentId })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setAudience(audience)
      .setJti(id)
      .setIssuedAt(issued)
      .setExpirationTime(issued + seconds)
      .sign(this.#key);
  }

  /** The claim that a per-agent secret belongs to. */
  async #ownerOf(secret: string): Promise<LegacyAgentTable | undefined> {
    if (!isOwnSecret(secret)) return undefined;
    const hash = await hashSecret(secret.trim());
    const row = await this.#parts.database.read.selectFrom('legacy_agent').selectAll().where('secret_hash', '=', hash).executeTakeFirst();
    return row;
  }

  #mayHave(known: LegacyAgentTable, request: MintRequest, owner: LegacyAgentTable | undefined, previous: Claims | undefined): boolean {
    // The first key, or the pool, has it for good: a secret that all share opens neither.
    if (known.claim !== 'agent') return false;
    if (owner?.id === known.id || previous?.agentId === known.id) return true;
    return isSamePlace(this.#parts.rebind, known.address, request.address);
  }

  async #refuseClaim(known: LegacyAgentTable, context: ChangeContext): Promise<void> {
    await this.#parts.changes.run(context, (change) =>
      raiseAlert(change, {
        kind: 'claim-refused',
        severity: 'at-risk',
        object: { kind: 'agent', id: known.agent_id },
        sentence: `Somebody with the shared registration secret asked for a token of agent id '${known.id}', which is claimed. If that was its own host after a move, make it a new secret: fortfail legacy secret create --agent ${known.id}. If not, the shared secret is in wrong hands: change ORCH_REG_SECRET.`,
      }),
    );
  }

  async #previous(token: string): Promise<Claims | undefined> {
    try {
      return await this.#verify(token, afterlifeSeconds);
    } catch (error) {
      if (isFortFailError(error, 'denied')) return undefined;
      throw error;
    }
  }

  async #verify(token: string, graceSeconds: number): Promise<Claims> {
    const { clock, foreignJwt } = this.#parts;
    const options = { algorithms: ['HS256'], requiredClaims: ['exp'], currentDate: clock.now(), clockTolerance: graceSeconds };
    const { payload } = await jwtVerify(token, this.#key, options).catch((error: unknown) => {
      if (error instanceof errors.JWTExpired) throw refuse(401, 'token-expired', 'Token expired');
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw invalid();
      throw error;
    });
    const agentId = typeof payload.agent_id === 'string' ? payload.agent_id : payload.agent_id === undefined ? null : undefined;
    if (agentId === undefined) throw invalid();
    if (payload.jti === undefined && foreignJwt) return { id: undefined, agentId };
    if (payload.jti === undefined || payload.aud !== audience || !(await this.#isLive(payload.jti, agentId))) throw invalid();
    return { id: payload.jti, agentId };
  }

  async #isLive(id: string, agentId: string | null): Promise<boolean> {
    const row = await this.#parts.database.read.selectFrom('legacy_token').selectAll().where('id', '=', id).executeTakeFirst();
    return row !== undefined && row.revoked_at === null && row.legacy_id === agentId;
  }
}

function invalid(): Error {
  return refuse(401, 'token-invalid', 'Invalid token');
}

function isOwnSecret(secret: string): boolean {
  try {
    return readTypedSecret(secret).prefix === 'ffl';
  } catch (error) {
    if (isFortFailError(error, 'invalid-input')) return false;
    throw error;
  }
}

/** In the same time whatever differs where. */
function equals(given: string, known: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(known));
}

function contextFor(agentId: string | undefined, request: string): ChangeContext {
  return { actor: { id: agentId ?? 'pool', kind: 'legacy', via: 'registration-secret' }, request };
}
