import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';
import { HttpRefusal, noSuchPath } from './problems.ts';

/** The authority that a host compares with its join string before it believes anything else. No secret, so no sign-in. */
export function registerCaFile(app: FastifyInstance, services: Services): void {
  app.get('/ca.pem', async (_request, reply) => {
    const { pinned } = services.exposure;
    if (pinned === undefined) throw new HttpRefusal(404, noSuchPath);
    return reply.type('application/x-pem-file').header('cache-control', 'no-store').send(pinned);
  });
}
