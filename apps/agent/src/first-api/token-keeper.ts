import { type Clock, FortFailError, type Logger, type Secret } from '@fortfail/base';
import type { AgentMemory } from './agent-memory.ts';
import { type ClientParts, mintToken, type TokenSource } from './orchestrator-client.ts';
import { claimsOf } from './token-claims.ts';

export interface TokenKeeperParts extends ClientParts {
  readonly memory: AgentMemory;
  readonly provisioned: Secret | undefined;
  readonly registrationSecret: Secret | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A refusal is not asked for again at once: too many of them lock out everybody at this address. */
const firstPauseMs = 60_000;
const longestPauseMs = 15 * 60_000;

/**
 * The agent's token: the one made beforehand, or one that it trades its secret for and renews when three quarters of its life
 * are over, so that an agent never goes deaf. Its own secret goes before the shared one, and its previous token goes along.
 */
export class TokenKeeper implements TokenSource {
  readonly #parts: TokenKeeperParts;
  #token: string | undefined;
  #refused: string | undefined;
  #minting: Promise<string> | undefined;
  #pauseMs = firstPauseMs;
  #waitUntilMs = 0;
  #refusal: unknown;

  constructor(parts: TokenKeeperParts) {
    this.#parts = parts;
    const candidates = [parts.provisioned?.reveal(), parts.memory.token].filter((token) => token !== undefined);
    // The one that lasts longer: a provisioned token that was renewed since is the older of the two.
    this.#token = candidates.sort((a, b) => (claimsOf(b)?.expiresAt ?? 0) - (claimsOf(a)?.expiresAt ?? 0))[0];
  }

  /** A token that should do. Throws `denied` when there is none to be had, `unavailable`. */
  async current(signal: AbortSignal): Promise<string> {
    const token = this.#token;
    if (token !== undefined && token !== this.#refused && !this.#isDue(token)) return token;
    if (this.#secret() === undefined) {
      if (token !== undefined) return token;
      throw noSecret();
    }
    try {
      return await this.#mint(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // The old one lives a while yet.
      if (token !== undefined && token !== this.#refused && !this.#isOver(token)) return token;
      throw error;
    }
  }

  refused(token: string): boolean {
    this.#refused = token;
    return this.#secret() !== undefined;
  }

  #secret(): string | undefined {
    return this.#parts.memory.agentSecret ?? this.#parts.registrationSecret?.reveal();
  }

  #seconds(): number {
    return this.#parts.clock.now().getTime() / 1000;
  }

  #isDue(token: string): boolean {
    const claims = claimsOf(token);
    if (claims === undefined || claims.expiresAt === Number.POSITIVE_INFINITY) return false;
    return this.#seconds() >= claims.issuedAt + ((claims.expiresAt - claims.issuedAt) * 3) / 4;
  }

  #isOver(token: string): boolean {
    return this.#seconds() >= (claimsOf(token)?.expiresAt ?? 0);
  }

  #mint(signal: AbortSignal): Promise<string> {
    const { clock } = this.#parts;
    if (clock.monotonicMs() < this.#waitUntilMs) return Promise.reject(this.#refusal);
    this.#minting ??= this.#mintNow(signal).finally(() => {
      this.#minting = undefined;
    });
    return this.#minting;
  }

  async #mintNow(signal: AbortSignal): Promise<string> {
    const { memory, registrationSecret, clock, logger } = this.#parts;
    const secrets = [memory.agentSecret, registrationSecret?.reveal()].filter((secret) => secret !== undefined);
    for (const [index, secret] of secrets.entries()) {
      try {
        const { token, agentSecret } = await mintToken(this.#parts, secret, this.#token, signal);
        await memory.keepToken(token, agentSecret ?? (secret.startsWith('ffl_') ? secret : undefined));
        this.#token = token;
        this.#pauseMs = firstPauseMs;
        logger.info({ component: 'first-api', agentId: memory.agentId }, 'token received');
        return token;
      } catch (error) {
        const isRefusal = error instanceof FortFailError && error.kind === 'denied';
        // An administrator may have made a new secret for this id and put it into the environment.
        if (isRefusal && index + 1 < secrets.length) continue;
        if (isRefusal) this.#pause(clock.monotonicMs(), error);
        throw error;
      }
    }
    throw noSecret();
  }

  #pause(nowMs: number, error: unknown): void {
    this.#refusal = error;
    this.#waitUntilMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
  }
}

function noSecret(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'no-secret',
    message: 'unable to get a token: the one this agent has is refused, and it has no secret to get another',
    hint: 'Set AGENT_REG_SECRET, or ORCH_JWT to a new token.',
  });
}
