import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FirstApiSettings } from '../../first-api/settings.ts';

/** Lets pages of the listed origins call: headers on answers, and answers to what browsers ask beforehand. */
export function registerCors(v0: FastifyInstance, settings: FirstApiSettings): (urls: readonly string[]) => void {
  const allow = (request: FastifyRequest, reply: FastifyReply): void => {
    if (settings.corsOrigins.length === 0) return;
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    const isAll = settings.corsOrigins.includes('*');
    if (origin === undefined || !(isAll || settings.corsOrigins.includes(origin))) return;
    reply.header('access-control-allow-origin', isAll ? '*' : origin);
    if (settings.corsCredentials) reply.header('access-control-allow-credentials', 'true');
  };
  v0.addHook('onRequest', async (request, reply) => allow(request, reply));
  return (urls) => {
    if (settings.corsOrigins.length === 0) return;
    for (const url of urls) {
      v0.options(url, { config: { firstApi: 'open' } }, async (_request, reply) =>
        reply
          .header('access-control-allow-methods', 'GET, POST, OPTIONS')
          .header('access-control-allow-headers', 'authorization, content-type')
          .header('access-control-max-age', '600')
          .code(204)
          .send(),
      );
    }
  };
}
