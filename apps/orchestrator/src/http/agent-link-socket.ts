import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';
import { HttpRefusal } from './problems.ts';

const helloTimeoutMs = 10_000;

/** The agents' door: a WebSocket on the unix socket only, whose 0700 folder is the proof of who comes. */
export function registerAgentLink(app: FastifyInstance, services: Services): void {
  app.route({
    method: 'GET',
    url: '/agent-link',
    preValidation: async (request) => {
      if (!request.isLocal) throw new HttpRefusal(404, { kind: 'not-found', code: 'no-such-path', message: 'unable to find this path' });
    },
    handler: (_request, reply) => reply.code(426).send({ detail: 'this path speaks WebSocket' }),
    wsHandler: (socket) => {
      const session = services.hub.accept({
        send: (text) => {
          if (socket.readyState === socket.OPEN) socket.send(text);
        },
        close: (code, reason) => socket.close(code, reason),
      });
      const timer = new AbortController();
      void services.clock.sleep(helloTimeoutMs, timer.signal).then(
        () => {
          if (!session.isReady) socket.close(4408, 'no hello in time');
        },
        () => undefined,
      );
      socket.on('message', (data: Buffer) => void session.receive(data.toString()));
      socket.on('close', () => {
        timer.abort();
        session.closed();
      });
    },
  });
}
