/** What a token says of itself. It is read, not verified: only its maker can do that. */
export interface TokenClaims {
  readonly agentId: string | undefined;
  /** Seconds since 1970; Infinity for a token that never ends. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The claims of a JWT; undefined when the text is none. */
export function claimsOf(token: string): TokenClaims | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    // No JSON in it: no token.
    return undefined;
  }
  if (typeof claims !== 'object' || claims === null) return undefined;
  const { agent_id, iat, exp } = claims as Readonly<Record<string, unknown>>;
  return {
    agentId: typeof agent_id === 'string' ? agent_id : undefined,
    issuedAt: typeof iat === 'number' ? iat : 0,
    expiresAt: typeof exp === 'number' ? exp : Number.POSITIVE_INFINITY,
  };
}
