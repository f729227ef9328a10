import type { Clock } from '@fortfail/base';
import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a stream of any length, watched by whoever reads it. */
    isStream?: boolean;
  }
}

/** How long an ordinary body may take, however little of it comes at a time. */
const bodyMs = 300_000;

/**
 * Ends connections whose body does not come to its end: one timer for the whole request, as the server's own would be, but
 * not for uploads, which take as long as they take while bytes keep coming.
 */
export function registerBodyTime(app: FastifyInstance, clock: Clock): void {
  const waiting = new WeakMap<FastifyRequest, AbortController>();
  const stop = (request: FastifyRequest): void => waiting.get(request)?.abort();
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isStream === true || !hasBody(request)) return;
    const timer = new AbortController();
    waiting.set(request, timer);
    clock.sleep(bodyMs, timer.signal).then(
      () => request.raw.socket.destroy(),
      () => undefined,
    );
  });
  app.addHook('preValidation', async (request) => stop(request));
  app.addHook('onResponse', async (request) => stop(request));
  app.addHook('onRequestAbort', async (request) => stop(request));
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
