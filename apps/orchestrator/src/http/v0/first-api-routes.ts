import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Json } from '../../audit/canonical-json.ts';
import { nameOf } from '../../first-api/caller.ts';
import { refuse } from '../../first-api/refusal.ts';
import type { Services } from '../../services.ts';
import { claimedAgent } from '../agent-proof.ts';
import { noSuchPath } from '../problems.ts';
import type { Refusals } from '../refusals.ts';
import { answerErrors } from './answer-errors.ts';
import { eventBody, maxObjectBytes, pageQuery, read, restoreJobBody, snapshotBody, tokenBody } from './bodies.ts';
import { addressOf, checkReach, contextOf, identify, type Known, type V0Services } from './callers.ts';
import { registerControl } from './control-page.ts';
import { registerCors } from './cors.ts';
import { findJob, jobLog, listAgents, listJobs, listSnapshots, toCommand, toJob, toSnapshot } from './lists.ts';
import { serveRecords } from './records-socket.ts';
import { download, upload } from './transfers.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `open`: no credential is asked for. `page`: a browser that opens this path gets the console. */
    firstApi?: 'open' | 'open-page' | 'page' | 'no-page';
  }
  interface FastifyRequest {
    known: Known;
  }
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** How long what is left of a refused upload is read away before the connection is cut. */
const lingerMs = 5000;

/**
 * The first API under the paths it always had: `{detail}` for errors, 200 for every success. It is a plug-in of its own, so
 * that its callers, forms and errors are nobody else's. Nothing is registered when it is off.
 */
export async function registerFirstApi(app: FastifyInstance, all: Services, refusals: Refusals): Promise<void> {
  const { firstApi } = all;
  if (firstApi === undefined) return;
  const services: V0Services = { ...all, firstApi };
  await app.register(async (v0) => {
    await v0.register(multipart, {
      limits: { fileSize: maxObjectBytes + 1, files: 1, fields: 10, fieldSize: 64 << 10, parts: 11, headerPairs: 100 },
    });
    v0.setErrorHandler(answerErrors(services, refusals));
    v0.decorateRequest('known');
    const preflight = registerCors(v0, firstApi.settings);
    v0.addHook('onRequest', async (request, reply) => admit(services, request, reply));
    // A proof by an agent's key was judged just before, with the body that it is about.
    v0.addHook('preValidation', async (request) => {
      if (claimedAgent(request) !== undefined) await know(services, request);
    });
    v0.addHook('onResponse', async (request) => letGo(services, request));
    registerAccess(v0, services);
    registerSnapshots(v0, services);
    registerRestores(v0, services);
    registerAgents(v0, services);
    v0.route({
      method: 'GET',
      url: '/ws',
      config: { firstApi: 'open' },
      handler: (_request, reply) => reply.code(426).header('upgrade', 'websocket').send({ detail: 'This path speaks WebSocket' }),
      wsHandler: (socket, request) => void serveRecords(services, socket, request),
    });
    registerControl(v0);
    preflight(corsPaths);
  });
}

const corsPaths = [
  '/auth/token',
  '/auth/ws-ticket',
  '/snapshots',
  '/snapshots/:id',
  '/snapshots/:id/object',
  '/snapshots/:id/complete',
  '/restore-jobs',
  '/restore-jobs/:id',
  '/restore-jobs/:id/logs',
  '/agents',
  '/agent/:id/commands',
  '/agent/:id/events',
];

/** Before every route: the console for browsers, then who calls, then how often. */
async function admit(services: V0Services, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const kind = request.routeOptions.config.firstApi ?? 'page';
  if (kind === 'page' || kind === 'open-page') {
    reply.header('vary', 'Accept, Origin');
    if (isPageVisit(request)) return reply.callNotFound();
  }
  if (request.headers.upgrade !== undefined) return undefined;
  checkReach(services, request);
  // Before the body is read, but for those who prove what is in it.
  if (claimedAgent(request) === undefined) await know(services, request);
  return undefined;
}

/** Says who calls; does nothing for paths that are open. Throws 401, 403, 429. */
async function know(services: V0Services, request: FastifyRequest): Promise<void> {
  const kind = request.routeOptions.config.firstApi ?? 'page';
  if (kind === 'open' || kind === 'open-page' || request.headers.upgrade !== undefined) return;
  request.known = await identify(services, request);
  request.principal = request.known.principal;
  services.firstApi.limits.caller(nameOf(request.known.caller));
}

/** A browser that opens a path, not a program that asks. */
function isPageVisit(request: FastifyRequest): boolean {
  return (request.method === 'GET' || request.method === 'HEAD') && /\btext\/html\b/i.test(request.headers.accept ?? '');
}

/** A body that was refused half-way is read away for a moment, so that its sender hears why; not for ever. */
async function letGo(services: V0Services, request: FastifyRequest): Promise<void> {
  if (request.raw.complete !== false || request.raw.destroyed) return;
  request.raw.resume();
  const stop = new AbortController();
  request.raw.once('close', () => stop.abort());
  await services.clock.sleep(lingerMs, stop.signal).catch(() => undefined);
  if (!stop.signal.aborted) request.raw.socket.destroy();
}

function registerAccess(v0: FastifyInstance, services: V0Services): void {
  const { firstApi, site } = services;
  v0.get('/', { config: { firstApi: 'open-page' } }, async () => ({
    service: 'FortFail Orchestrator',
    version: site.version,
    docs: '/docs',
    control_ui: '/control',
    websocket: '/ws',
  }));
  v0.post('/auth/token', { config: { firstApi: 'open' } }, async (request) => {
    firstApi.limits.request(addressOf(request));
    const body = read(tokenBody, request.body);
    const [, previous] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const minted = await firstApi.tokens.mint({
      secret: body.registration_secret,
      agentId: body.agent_id ?? undefined,
      previous,
      address: addressOf(request),
      request: request.id,
    });
    const own = minted.agentSecret === undefined ? {} : { agent_secret: minted.agentSecret };
    return { token: minted.token, expires_in: minted.expiresIn, ...own };
  });
  v0.post('/auth/ws-ticket', async (request) => {
    const { caller, principal } = request.known;
    const tokenId = principal.kind === 'legacy' ? principal.tokenId : null;
    const { ticket, expiresIn } = await firstApi.tokens.newTicket({ caller, tokenId }, contextOf(request, principal));
    return { ticket, expires_in: expiresIn };
  });
}

function registerSnapshots(v0: FastifyInstance, services: V0Services): void {
  const { firstApi } = services;
  v0.get('/snapshots', async (request) => listSnapshots(services, request.known.caller, read(pageQuery, request.query)));
  v0.post('/snapshots', async (request) => {
    firstApi.limits.request(addressOf(request));
    const { caller, principal } = request.known;
    const { id, agent_id, checksum, size, metadata } = read(snapshotBody, request.body);
    const draft = { id, agentId: agent_id, checksum, sizeBytes: size, metadata: metadata == null ? null : JSON.stringify(metadata) };
    const { presignedUrl } = await firstApi.snapshots.register(caller, draft, contextOf(request, principal));
    return { id, presigned_url: presignedUrl, upload_url: `/snapshots/${encodeURIComponent(id)}/object` };
  });
  v0.get('/snapshots/:id', async (request) => {
    const id = idOf(request);
    await firstApi.snapshots.settleIfThere(request.known.caller, id);
    return toSnapshot(await firstApi.snapshots.forReading(request.known.caller, id));
  });
  v0.post('/snapshots/:id/complete', async (request) => {
    const row = await firstApi.snapshots.forUpload(request.known.caller, idOf(request));
    await firstApi.snapshots.settle(row);
    return { status: 'uploaded', snapshot_id: row.id };
  });
  const withBody = { config: { firstApi: 'no-page', isStream: true }, bodyLimit: 2 ** 40 } as const;
  v0.post('/snapshots/:id/object', withBody, async (request) => upload(services, request, request.known, idOf(request)));
  const asStream = { config: { firstApi: 'no-page' }, exposeHeadRoute: false } as const;
  v0.get('/snapshots/:id/object', asStream, async (request, reply) => download(services, request, reply, request.known, idOf(request)));
}

function registerRestores(v0: FastifyInstance, services: V0Services): void {
  const { firstApi } = services;
  v0.get('/restore-jobs', async (request) => listJobs(services, request.known.caller, read(pageQuery, request.query)));
  v0.post('/restore-jobs', async (request) => {
    firstApi.limits.request(addressOf(request));
    const { snapshot_id, target_agent_id } = read(restoreJobBody, request.body);
    const { caller, principal } = request.known;
    return toJob(await firstApi.jobs.create(caller, snapshot_id, target_agent_id, contextOf(request, principal)));
  });
  v0.get('/restore-jobs/:id', async (request) => toJob(await findJob(services, request.known.caller, idOf(request))));
  v0.get('/restore-jobs/:id/logs', async (request) => jobLog(services, (await findJob(services, request.known.caller, idOf(request))).id));
}

function registerAgents(v0: FastifyInstance, services: V0Services): void {
  const { firstApi, clock } = services;
  v0.get('/agents', async (request) => listAgents(services, request.known.caller));
  const commands: Handler = async (request) => {
    const { caller, principal } = request.known;
    const rows = await firstApi.commands.poll(caller, idOf(request), clock.now(), contextOf(request, principal));
    return rows.map(toCommand);
  };
  v0.get('/agent/:id/commands', { config: { firstApi: 'no-page' }, exposeHeadRoute: false }, commands);
  v0.post('/agent/:id/events', async (request) => {
    const { caller, principal } = request.known;
    const body = read(eventBody, request.body);
    const draft = {
      jobId: body.job_id ?? null,
      snapshotId: body.snapshot_id ?? null,
      eventType: body.event_type,
      message: body.message,
      metadata: (body.metadata ?? null) as Json,
    };
    await firstApi.jobs.report(caller, idOf(request), draft, contextOf(request, principal));
    return { status: 'ok' };
  });
}

function idOf(request: FastifyRequest): string {
  const { id } = request.params as { id?: string };
  if (id === undefined || id === '') throw refuse(404, noSuchPath.code, 'Not found');
  return id;
}
