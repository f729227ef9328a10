import type { FastifyRequest } from 'fastify';
import { actorOf, localSocket, type Principal } from '../../access/principal.ts';
import type { ChangeContext } from '../../changes/changes.ts';
import { isLoopback } from '../../first-api/addresses.ts';
import type { Caller } from '../../first-api/caller.ts';
import { findNative, isStopped } from '../../first-api/claims.ts';
import type { FirstApi } from '../../first-api/first-api.ts';
import { refuse } from '../../first-api/refusal.ts';
import type { Services } from '../../services.ts';

/** What the first API needs of everything. */
export type V0Services = Services & { readonly firstApi: FirstApi };

/** Who calls, for the rules and for the records. */
export interface Known {
  readonly caller: Caller;
  readonly principal: Principal;
}

/** Where a request comes from, for limits and claims. */
export function addressOf(request: FastifyRequest): string {
  return request.isLocal ? 'local' : request.ip;
}

/** Whether it comes from this machine itself: not through a proxy, behind which anybody may be. */
export function isOwnMachine(request: FastifyRequest): boolean {
  if (request.isLocal) return true;
  const forwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => request.headers[name] !== undefined);
  return !forwarded && isLoopback(request.ip);
}

/** Throws 403 for callers that the first API does not answer. */
export function checkReach(services: V0Services, request: FastifyRequest): void {
  if (services.firstApi.settings.reach === 'on' || isOwnMachine(request)) return;
  throw refuse(403, 'first-api-loopback', 'This API answers callers of its own machine only; LEGACY_API=on opens it');
}

/** Who shows what credential. Throws 401 for one that does not hold, 403 without any. */
export async function identify(services: V0Services, request: FastifyRequest): Promise<Known> {
  if (request.principal.kind === 'agent') return knownAgent(services, request.principal);
  const [, text] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (text !== undefined) return identifyToken(services, text);
  if (request.isLocal && request.headers.authorization === undefined)
    return { caller: { kind: 'person', principal: localSocket }, principal: localSocket };
  throw refuse(403, 'not-authenticated', 'Not authenticated');
}

/** Who holds that token: a person's API token, or one of the first API. */
export async function identifyToken(services: V0Services, text: string): Promise<Known> {
  if (text.startsWith('ffp_')) {
    const principal = await services.tokens.find(text);
    if (principal === undefined) throw refuse(401, 'token-invalid', 'Invalid token');
    return { caller: { kind: 'person', principal }, principal };
  }
  const { caller, id } = await services.firstApi.tokens.read(text);
  return { caller, principal: legacyPrincipal(caller, id) };
}

/** A caller of the first API as everything else sees it: with no rights there. */
export function legacyPrincipal(caller: Caller, tokenId: string): Principal {
  const agentId = caller.kind === 'agent' ? caller.id : null;
  const name = agentId ?? 'pool';
  return { kind: 'legacy', id: name, name, grants: [], tokenId, agentId };
}

export function contextOf(request: FastifyRequest, principal: Principal): ChangeContext {
  return { actor: actorOf(principal), request: request.id };
}

async function knownAgent(services: V0Services, principal: Extract<Principal, { kind: 'agent' }>): Promise<Known> {
  const own = await findNative(services.database.read, principal.agentId);
  if (own === undefined) return { caller: { kind: 'newcomer', agentId: principal.agentId }, principal };
  if (await isStopped(services.database.read, own)) throw refuse(403, 'agent-stopped', 'This agent is held or revoked');
  return { caller: { kind: 'agent', id: own.id, native: true }, principal };
}
