import { isIP } from 'node:net';
import { routes } from '@fortfail/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { localSocket, nobody, type Principal } from '../access/principal.ts';
import type { Addresses, Services } from '../services.ts';
import { claimedAgent, registerAgentProof } from './agent-proof.ts';
import { bearerOf, refuseSecretInUrl } from './bearer.ts';
import { sessionCookie } from './cookies.ts';
import { HttpRefusal } from './problems.ts';
import type { Refusals } from './refusals.ts';

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
    /** True for a caller over the unix socket. */
    isLocal: boolean;
    /** True when the way to the caller is TLS, ours or that of a proxy we trust. */
    isTls: boolean;
  }
}

/** Whether a connection came over the unix socket. */
export type IsLocal = (request: FastifyRequest) => boolean;

const apiContentSecurity =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What every request passes before its route: host, who it is, whether the site is set up, forged requests, headers. */
export function registerGuards(app: FastifyInstance, services: Services, isLocal: IsLocal, refusals: Refusals): void {
  app.decorateRequest('principal');
  app.decorateRequest('isLocal', false);
  app.decorateRequest('isTls', false);
  app.decorateRequest('rawBody', undefined);
  app.addHook('onRequest', async (request, reply) => {
    request.isLocal = isLocal(request);
    request.isTls = isTls(request, services);
    if (!request.isLocal) checkHost(request, services);
    request.principal = await whoIs(request, reply, services, refusals);
  });
  app.addHook('onRequest', async (request) => {
    const path = routeOf(request);
    if (!path.startsWith('/api/') || request.isLocal || isFromAgent(request)) return;
    const canBeForged = !safeMethods.has(request.method) || request.headers.upgrade !== undefined;
    // No other site's page can make a browser send a token.
    if (canBeForged && request.principal.kind !== 'token') checkForgery(request, services);
    if (!path.startsWith('/api/v1/sign-in') && !(await services.persons.hasSome())) throw notSetUp();
  });
  registerAgentProof(app, services, refusals);
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('cross-origin-opener-policy', 'same-origin');
    reply.header('cross-origin-resource-policy', 'same-origin');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('x-request-id', request.id);
    if (services.addresses().isTls) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', apiContentSecurity);
    if (routeOf(request).startsWith('/api/') && !reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
}

/** What no page can make a browser send: a proof by an agent's key, or the token of a join string in the body. */
function isFromAgent(request: FastifyRequest): boolean {
  return claimedAgent(request) !== undefined || routeOf(request) === `/api/v1${routes.enrol.path}`;
}

function isTls(request: FastifyRequest, services: Services): boolean {
  return services.addresses().isTls || request.protocol === 'https';
}

/** The route that was chosen, not the text of the URL, which may spell one route in many ways. Empty when there is none. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '';
}

/** A name in DNS that someone points at us must not reach us: only our own hosts are answered. */
function checkHost(request: FastifyRequest, services: Services): void {
  const host = (request.host ?? '').toLowerCase();
  if (services.addresses().hosts.includes(host)) return;
  throw new HttpRefusal(421, {
    kind: 'denied',
    code: 'unknown-host',
    message: 'unable to answer under this host name',
    hint: `Use ${services.addresses().url}.`,
  });
}

async function whoIs(request: FastifyRequest, reply: FastifyReply, services: Services, refusals: Refusals): Promise<Principal> {
  const own = request.isLocal ? localSocket : nobody;
  if (!routeOf(request).startsWith('/api/')) return own;
  // Judged once its body was read; a cookie beside it counts for nothing.
  if (claimedAgent(request) !== undefined) return own;
  refuseSecretInUrl(request);
  const secret = request.cookies[sessionCookie(request.isTls).name];
  const bearer = await bearerOf({ services, refusals }, request, reply, secret !== undefined);
  if (bearer !== undefined) return bearer;
  return secret === undefined || request.isLocal ? own : ((await services.sessions.find(secret)) ?? nobody);
}

/** Another site's page can neither set these headers nor hide where it comes from. */
function checkForgery(request: FastifyRequest, services: Services): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const isOwnOrigin = origin !== undefined && services.addresses().origins.includes(origin);
  const isOwn = site === undefined ? isOwnOrigin : site === 'same-origin' && (origin === undefined || isOwnOrigin);
  // A browser cannot set headers on a WebSocket; its origin is the proof.
  const isSocket = request.method === 'GET' && request.headers.upgrade !== undefined;
  const hasMark = isSocket || (request.headers['x-ff'] === '1' && isJson(request.headers['content-type']));
  if (isOwn && hasMark) return;
  if (isOwn && request.headers['x-ff'] === '1') {
    throw new HttpRefusal(415, {
      kind: 'invalid-input',
      code: 'not-json',
      message: 'unable to accept this content type',
      hint: 'Send application/json.',
    });
  }
  throw new HttpRefusal(403, {
    kind: 'denied',
    code: 'cross-site',
    message: 'unable to accept a change that does not come from our own pages',
    hint: 'Send X-FF: 1, Content-Type: application/json and an Origin of this site.',
  });
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json(;|$)/i.test(contentType.trim());
}

function notSetUp(): HttpRefusal {
  return new HttpRefusal(503, {
    kind: 'unavailable',
    code: 'not-set-up',
    message: 'unable to answer before the first sign-in',
    hint: 'Open the one-time link that the start printed, or print another with `fortfail login-link`.',
  });
}

/** Which hosts and origins are ours, by the names and addresses that lead to what we listen on. */
export function ownAddresses(ownNames: readonly string[], port: number, isTls: boolean, publicUrl: string | undefined): Addresses {
  const scheme = isTls ? 'https' : 'http';
  const names = ['localhost', '127.0.0.1', '[::1]', ...ownNames.map((name) => (isIP(name) === 6 ? `[${name}]` : name.toLowerCase()))];
  const hosts = names.map((name) => `${name}:${port}`);
  const isDefaultPort = port === (isTls ? 443 : 80);
  if (isDefaultPort) hosts.push(...names);
  const origins = names.map((name) => `${scheme}://${name}${isDefaultPort ? '' : `:${port}`}`);
  if (publicUrl !== undefined) {
    const parsed = new URL(publicUrl);
    hosts.push(parsed.host);
    origins.push(parsed.origin);
  }
  return {
    url: publicUrl === undefined ? (origins[0] ?? '') : new URL(publicUrl).origin,
    hosts: [...new Set(hosts)],
    origins: [...new Set(origins)],
    isTls,
  };
}
