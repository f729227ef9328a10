import type { TLSSocket } from 'node:tls';
import { isFortFailError } from '@fortfail/base';
import { routes } from '@fortfail/protocol';
import { agentUri } from '@fortfail/trust/certificates';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { nobody, type Principal } from '../access/principal.ts';
import { AddressLimit } from '../agents/address-limit.ts';
import { requireStanding } from '../agents/agent-proofs.ts';
import type { AgentTable } from '../database/tables.ts';
import type { Services } from '../services.ts';
import { HttpRefusal } from './problems.ts';
import type { Refusals } from './refusals.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body's own bytes, which a proof is about. Streams have none. */
    rawBody: string | undefined;
  }
}

const failuresPerMinute = 60;
const scheme = /^DPoP +(agt_[0-9a-f]{16})$/i;
const renewalPath = `/api/v1${routes.renewAgent.path}`;

/** The agent that a request claims to come from; undefined for requests that claim none. */
export function claimedAgent(request: FastifyRequest): string | undefined {
  return scheme.exec(request.headers.authorization ?? '')?.[1];
}

/** Judges the proof of each request that claims to come from an agent, and makes that agent its principal. */
export function registerAgentProof(app: FastifyInstance, services: Services, refusals: Refusals): void {
  const limit = new AddressLimit(services.clock, failuresPerMinute);
  app.addHook('onRequest', async (request) => {
    if (!request.isLocal && claimedAgent(request) !== undefined) limit.check(request.ip);
  });
  // After the body was read, since the proof is about it too.
  app.addHook('preValidation', async (request, reply) => {
    const agentId = claimedAgent(request);
    if (request.isLocal || agentId === undefined) return;
    try {
      request.principal = await proven(services, request, agentId);
    } catch (error) {
      if (!isFortFailError(error, 'denied')) throw error;
      if (error instanceof HttpRefusal && error.status === 401) limit.failed(request.ip);
      sayNonce(services, reply, error.code);
      await refusals.record({ ...nobody, id: agentId }, { action: 'agent-self', object: 'agent' }, error.code, request.ip);
      throw error;
    }
  });
}

async function proven(services: Services, request: FastifyRequest, agentId: string): Promise<Principal> {
  const proof = request.headers.dpop;
  if (typeof proof !== 'string') {
    throw new HttpRefusal(401, {
      kind: 'denied',
      code: 'proof-missing',
      message: 'unable to accept a request of an agent without one proof',
      hint: 'Send it in the header DPoP.',
    });
  }
  const { method, rawBody } = request;
  const body = rawBody === undefined ? undefined : Buffer.from(rawBody);
  const row = await services.proofs.agentOf({ agentId, proof, method, url: publicUrl(services, request), body });
  const purpose = request.routeOptions.url === renewalPath ? 'renew' : 'use';
  requireOwnCertificate(shownCertificate(request), services.site.id, row, purpose === 'renew');
  requireStanding(row, services.clock.now(), purpose);
  return { kind: 'agent', id: agentId, name: row.hostname, grants: [], agentId };
}

/** A wrong clock is answered with a nonce: a proof that carries it is judged by our clock. */
function sayNonce(services: Services, reply: FastifyReply, code: string): void {
  if (code === 'proof-clock' || code === 'proof-nonce') reply.header('dpop-nonce', services.proofs.nonces.make());
}

/** What was asked, by the address under which the other side knows us: its host was found to be ours. */
export function publicUrl(services: Services, request: FastifyRequest, path = request.url): string {
  const host = request.host.toLowerCase();
  const origin = services.addresses().origins.find((known) => known.slice(known.indexOf('//') + 2) === host);
  return `${origin ?? `${request.protocol}://${host}`}${path}`;
}

/** The certificate that somebody showed in the TLS handshake. */
export interface ShownCertificate {
  readonly names: readonly string[];
  readonly isIssuedHere: boolean;
  readonly hasEnded: boolean;
}

/** Where we end TLS ourselves an agent may show its certificate besides; undefined for one that shows none. */
export function shownCertificate(request: FastifyRequest): ShownCertificate | undefined {
  const socket = request.raw.socket as Partial<TLSSocket> | undefined;
  if (socket?.encrypted !== true || socket.getPeerCertificate === undefined) return undefined;
  const shown = socket.getPeerCertificate();
  if (shown === undefined || shown === null || Object.keys(shown).length === 0) return undefined;
  return {
    names: (shown.subjectaltname ?? '').split(', '),
    isIssuedHere: socket.authorized === true,
    hasEnded: String(socket.authorizationError) === 'CERT_HAS_EXPIRED',
  };
}

/**
 * One that is shown must be right: issued by this site's authority and of this very agent. `mayHaveEnded`: it is to be
 * renewed. Throws 401.
 */
export function requireOwnCertificate(shown: ShownCertificate | undefined, siteId: string, row: AgentTable, mayHaveEnded: boolean): void {
  if (shown === undefined) return;
  const isGood = shown.isIssuedHere || (mayHaveEnded && shown.hasEnded);
  if (isGood && shown.names.includes(`URI:${agentUri(siteId, row.id)}`)) return;
  throw new HttpRefusal(401, {
    kind: 'denied',
    code: 'client-certificate',
    message: 'unable to accept this client certificate, it is not the one of this agent and this site',
    hint: 'Send the one that the site issued, or none.',
  });
}
