import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { nobody } from '../access/principal.ts';
import { AddressLimit } from '../agents/address-limit.ts';
import type { AgentSession } from '../agents/agent-session.ts';
import { PollSessions } from '../agents/poll-sessions.ts';
import { challengeDoor, type OnRefusal, provenDoor } from '../agents/remote-doors.ts';
import type { Services } from '../services.ts';
import { publicUrl, requireOwnCertificate, shownCertificate } from './agent-proof.ts';
import { HttpRefusal } from './problems.ts';
import type { Refusals } from './refusals.ts';

const helloTimeoutMs = 10_000;
const maxFrameBytes = 16 << 20;
/** What a stranger may send before it has proven anything. */
const maxHelloBytes = 64 << 10;
/** What may wait for an agent that does not read. */
const maxBufferedBytes = 32 << 20;
const maxStrangers = 256;
const maxStrangersPerAddress = 16;
const refusalsPerMinute = 60;
/** Frames that may wait to be handled before no more are read. */
const maxPending = 128;
const path = '/agent-link';

/**
 * The agents' door. On the unix socket, whose 0700 folder is the proof, the resident agent says hello at once; everywhere
 * else a WebSocket begins with a challenge, and each long poll carries a proof of its own.
 */
export function registerAgentLink(app: FastifyInstance, services: Services, refusals: Refusals): void {
  const limit = new AddressLimit(services.clock, refusalsPerMinute);
  const strangers = new Strangers();
  const record =
    (address: string): OnRefusal =>
    async (agentId, code) => {
      limit.failed(address);
      await refusals.record({ ...nobody, id: agentId ?? nobody.id }, { action: 'agent-self', object: 'agent' }, code, address);
    };
  app.route({
    method: 'GET',
    url: path,
    preValidation: async (request) => {
      if (request.isLocal) return;
      limit.check(request.ip);
      if (!strangers.hasRoom(request.ip)) throw tooMany();
    },
    handler: (_request, reply) => reply.code(426).send({ detail: 'this path speaks WebSocket' }),
    wsHandler: (socket, request) => {
      if (request.isLocal) return converse(services, socket, (wire) => services.hub.accept(wire));
      const shown = shownCertificate(request);
      const nonce = randomBytes(24).toString('base64url');
      const door = challengeDoor({
        ...services,
        nonce,
        url: publicUrl(services, request, path),
        checkConnection: (row) => requireOwnCertificate(shown, services.site.id, row, false),
        refused: record(request.ip),
      });
      strangers.enter(request.ip, socket);
      converse(services, socket, (wire) => services.hub.accept(wire, door), strangers);
      socket.send(JSON.stringify({ v: 1, seq: 0, type: 'challenge', nonce, site: services.site.id }));
    },
  });
  registerPolls(app, services, record);
}

type Accept = (wire: { send(text: string): void; close(code: number, reason: string): void }) => AgentSession;

function converse(services: Services, socket: WebSocket, accept: Accept, strangers?: Strangers): void {
  const session = accept({
    send: (text) => {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > maxBufferedBytes) socket.terminate();
      else socket.send(text);
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
  let pending = 0;
  socket.on('message', (data: Buffer) => {
    if (strangers !== undefined && !session.isReady && data.length > maxHelloBytes) return socket.close(4400, 'frame too long');
    pending += 1;
    if (pending >= maxPending) socket.pause();
    void session.receive(data.toString()).then(() => {
      pending -= 1;
      if (pending < maxPending / 2) socket.resume();
      if (session.isReady) strangers?.leave(socket);
    });
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    timer.abort();
    strangers?.leave(socket);
    session.closed();
  });
}

/** Connections that have not proven anything yet: few, so that they cannot use up what agents need. */
class Strangers {
  readonly #addresses = new Map<WebSocket, string>();

  hasRoom(address: string): boolean {
    const same = [...this.#addresses.values()].filter((known) => known === address).length;
    return this.#addresses.size < maxStrangers && same < maxStrangersPerAddress;
  }

  enter(address: string, socket: WebSocket): void {
    this.#addresses.set(socket, address);
  }

  leave(socket: WebSocket): void {
    this.#addresses.delete(socket);
  }
}

const pollBody = z.strictObject({
  session: z.string().max(64).nullable(),
  frames: z.array(z.looseObject({ seq: z.int() })).max(1000),
  acked: z.int(),
});

function registerPolls(app: FastifyInstance, services: Services, record: (address: string) => OnRefusal): void {
  const polls = new PollSessions({
    clock: services.clock,
    begin: (wire, agentId) => services.hub.accept(wire, provenDoor({ ...services, agentId, refused: record('long poll') })),
  });
  app.addHook('preClose', async () => polls.stop());
  app.route({
    method: 'POST',
    url: `${path}/poll`,
    bodyLimit: maxFrameBytes + 1024,
    handler: async (request, reply) => {
      const { principal } = request;
      if (principal.kind !== 'agent') throw notProven();
      const body = pollBody.safeParse(request.body);
      if (!body.success) throw badPoll();
      const frames = body.data.frames.map((frame) => ({ seq: frame.seq, text: JSON.stringify(frame) }));
      const { session, acked } = body.data;
      reply.header('cache-control', 'no-store');
      return polls.exchange({ agentId: principal.agentId, session, frames, acked }, goneSignal(request, reply));
    },
  });
}

/** Aborted when the other side went away. */
function goneSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.on('close', () => gone.abort());
  if (request.raw.destroyed && !request.raw.complete) gone.abort();
  return gone.signal;
}

function tooMany(): HttpRefusal {
  return new HttpRefusal(
    429,
    { kind: 'unavailable', code: 'too-many-strangers', message: 'unable to hear more agents that have not said who they are' },
    10,
  );
}

function notProven(): HttpRefusal {
  return new HttpRefusal(401, {
    kind: 'denied',
    code: 'proof-missing',
    message: 'unable to answer without a proof by an agent',
    hint: 'Send Authorization: DPoP with the agent id, and the proof in the header DPoP.',
  });
}

function badPoll(): HttpRefusal {
  return new HttpRefusal(400, {
    kind: 'invalid-input',
    code: 'invalid-body',
    message: 'unable to accept the body: it must be {"session", "frames", "acked"}',
  });
}
