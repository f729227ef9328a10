import cookie from '@fastify/cookie';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { registerAgentLink } from './http/agent-link-socket.ts';
import { registerBodyTime } from './http/body-time.ts';
import { registerCaFile } from './http/ca-file.ts';
import { registerConsole } from './http/console-files.ts';
import { registerDocs } from './http/docs.ts';
import { registerEvents } from './http/events-socket.ts';
import { type IsLocal, registerGuards } from './http/guards.ts';
import { allHandlers } from './http/handlers/index.ts';
import { registerHealth } from './http/health.ts';
import { type ProblemAnswer, toProblem } from './http/problems.ts';
import { Refusals } from './http/refusals.ts';
import { registerRoutes } from './http/register-routes.ts';
import { registerFirstApi } from './http/v0/first-api-routes.ts';
import { newId } from './ids.ts';
import type { Services } from './services.ts';

const bodyLimitBytes = 1 << 20;
const maxFrameBytes = 16 << 20;

export interface AppOptions {
  readonly isLocal: IsLocal;
  /** Where the console was built to. */
  readonly consoleFolder: string;
  /** Tests check every answer against its schema. */
  readonly checkAnswers?: boolean;
  /** Addresses and nets of proxies whose X-Forwarded-* headers are believed. */
  readonly trustedProxies?: readonly string[];
}

/** The whole HTTP side without listening: routes, sockets, console, documents. Tests talk to it by `inject()`. */
export async function buildApp(services: Services, options: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    // What proxies say of others is believed of those proxies only that were named.
    trustProxy: options.trustedProxies === undefined || options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    genReqId: () => newId('req'),
    // Ids of the first API have up to 255 characters.
    routerOptions: { maxParamLength: 1024 },
    // Refusals before any route was chosen: the same form as all others.
    frameworkErrors: (thrown, request, reply) => sendProblem(toProblem(thrown, request.id), reply),
  });
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    request.rawBody = body as string;
    // A change without content may be sent as an empty body.
    if (body === '') done(null, undefined);
    else parseJson(request, body as string, done);
  });
  app.setErrorHandler((thrown, request, reply) => {
    const answer = toProblem(thrown, request.id);
    const { error } = answer;
    const fields = { component: 'http', requestId: request.id, route: request.routeOptions.url, errKind: error.kind, errCode: error.code };
    if (error.kind === 'bug' || error.kind === 'damaged' || error.kind === 'no-space')
      services.logger.error({ ...fields, err: thrown }, 'request failed');
    else services.logger.debug(fields, 'request refused');
    if ('retryAfterSeconds' in error && typeof error.retryAfterSeconds === 'number') reply.header('retry-after', error.retryAfterSeconds);
    return sendProblem(answer, reply);
  });
  await app.register(cookie);
  await app.register(websocket, { options: { maxPayload: maxFrameBytes } });
  const refusals = new Refusals(services.changes, services.clock);
  registerGuards(app, services, options.isLocal, refusals);
  registerBodyTime(app, services.clock);
  registerHealth(app, services);
  registerCaFile(app, services);
  registerRoutes(app, services, allHandlers(services), { refusals, checkAnswers: options.checkAnswers ?? false });
  registerEvents(app, services);
  registerAgentLink(app, services, refusals);
  await registerFirstApi(app, services, refusals);
  registerDocs(app, services);
  await registerConsole(app, options.consoleFolder);
  return app;
}

function sendProblem({ status, problem }: ProblemAnswer, reply: FastifyReply): FastifyReply {
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem));
}
