import { asFortFailError } from '@fortfail/base';
import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';

/** `live`: the process answers `ok`. `ready`: its database does, too; else 503 with the reason. */
export function registerHealth(app: FastifyInstance, services: Services): void {
  app.get('/health/live', async () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    try {
      await services.database.ping();
      return { status: 'ready' };
    } catch (error) {
      const { code, message } = asFortFailError(error);
      return reply.code(503).send({ status: 'not-ready', code, reason: message });
    }
  });
}
