import type { Services } from '../services.ts';
import type { Principal } from './principal.ts';

/** Who a caller of before is now: with today's rights, or undefined when session or token are over. */
export async function asOfNow(services: Pick<Services, 'sessions' | 'tokens'>, principal: Principal): Promise<Principal | undefined> {
  if (principal.kind === 'person') return services.sessions.again(principal.sessionHash);
  return principal.kind === 'token' ? services.tokens.again(principal.tokenId) : principal;
}
