import { isFortFailError } from '@fortfail/base';
import { type Route, type RouteName, routes } from '@fortfail/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { may, type ObjectReference, type Verdict } from '../access/may.ts';
import { actorOf, type Principal } from '../access/principal.ts';
import type { Services } from '../services.ts';
import type { Call, Handlers, Reply } from './call.ts';
import { sessionCookie } from './cookies.ts';
import { withIdempotency } from './idempotency.ts';
import { faultsOf, HttpRefusal, InvalidFields } from './problems.ts';
import type { Refusals } from './refusals.ts';

type AnyHandler = (call: Call<RouteName>) => Promise<Reply<RouteName>>;

export interface RegisterOptions {
  readonly refusals: Refusals;
  /** Tests check every answer against its schema. */
  readonly checkAnswers: boolean;
}

/** Registers every route of the protocol below `/api/v1`: sign-in, judgement, validation, then its handler. */
export function registerRoutes(app: FastifyInstance, services: Services, handlers: Handlers, options: RegisterOptions): void {
  for (const name of Object.keys(routes) as RouteName[]) {
    const route: Route = routes[name];
    app.route({
      method: route.method,
      url: `/api/v1${route.path}`,
      config: { route: name },
      handler: (request, reply) => answer({ services, route, handler: handlers[name] as AnyHandler, options, request, reply }),
    });
  }
}

interface Exchange {
  readonly services: Services;
  readonly route: Route;
  readonly handler: AnyHandler;
  readonly options: RegisterOptions;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function answer(exchange: Exchange): Promise<unknown> {
  const { route, request, reply, services, handler, options } = exchange;
  await refuseUnless(exchange, { kind: route.object });
  const call = makeCall(exchange);
  const result = await guarded(exchange, () =>
    withIdempotency(services, { route, request, principal: request.principal }, () => handler(call)),
  );
  if (options.checkAnswers) route.answer.parse(result.body);
  if (result.version !== undefined) reply.header('etag', `"${result.version}"`);
  if (result.isReplayed) reply.header('idempotency-replayed', 'true');
  reply.code(route.status ?? 200);
  return result.body;
}

/** Denials that a handler finds after loading its object are put on record like those found before. */
async function guarded<T>(exchange: Exchange, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isFortFailError(error, 'denied'))
      await exchange.options.refusals.record(exchange.request.principal, exchange.route, error.code, exchange.request.ip);
    throw error;
  }
}

async function refuseUnless(exchange: Exchange, object: ObjectReference): Promise<void> {
  const { route, request } = exchange;
  const refusal = refusalOf(may(request.principal, route.action, object), route, request.principal);
  if (refusal === undefined) return;
  await exchange.options.refusals.record(request.principal, route, refusal.code, request.ip);
  throw refusal;
}

function refusalOf(verdict: Verdict, route: Route, principal: Principal): HttpRefusal | undefined {
  switch (verdict) {
    case 'yes':
      return undefined;
    case 'sign-in':
      return new HttpRefusal(401, { kind: 'denied', code: 'not-signed-in', message: 'unable to answer before sign-in' });
    case 'hidden':
      return new HttpRefusal(404, { kind: 'not-found', code: `no-such-${route.object}`, message: `unable to find this ${route.object}` });
    case 'forbidden':
      return new HttpRefusal(403, {
        kind: 'denied',
        code: 'not-allowed',
        message: `unable to let ${principal.name} ${route.action} here, the right is missing`,
      });
  }
}

function makeCall(exchange: Exchange): Call<RouteName> {
  const { route, request, reply } = exchange;
  const { principal } = request;
  const parameters = request.params as Readonly<Record<string, string>>;
  return {
    principal,
    context: { actor: actorOf(principal), request: request.id },
    query: parse('query', route.query, request.query) as Call<RouteName>['query'],
    body: parse('body', route.body, request.body) as Call<RouteName>['body'],
    address: request.ip,
    id: (name) => parameters[name] ?? '',
    check: (object) => {
      const refusal = refusalOf(may(principal, route.action, object), route, principal);
      if (refusal !== undefined) throw refusal;
    },
    sees: (object) => may(principal, 'see', object) === 'yes',
    ifMatch: () => versionOf(request.headers['if-match']),
    setSession: (secret) => {
      const cookie = sessionCookie(request.isTls);
      if (secret === null) reply.clearCookie(cookie.name, cookie.options);
      else reply.setCookie(cookie.name, secret, cookie.options);
    },
  };
}

/** A route without a schema takes nothing: what is sent to it all the same is refused, never ignored. */
function parse(where: 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown {
  const known = schema === undefined ? z.strictObject({}) : schema instanceof z.ZodObject && where === 'query' ? schema.strict() : schema;
  const result = known.safeParse(value ?? {});
  if (!result.success) throw new InvalidFields(where, faultsOf(result.error.issues));
  return result.data;
}

function versionOf(header: string | undefined): number {
  if (header === undefined) {
    throw new HttpRefusal(428, {
      kind: 'conflict',
      code: 'if-match-missing',
      message: 'unable to change this without knowing which version was seen',
      hint: 'Send If-Match with the ETag of the answer you edited.',
    });
  }
  const match = /^"(\d{1,15})"$/.exec(header);
  if (match === null) throw new HttpRefusal(412, { kind: 'conflict', code: 'if-match-unknown', message: 'unable to match this version' });
  return Number(match[1]);
}
