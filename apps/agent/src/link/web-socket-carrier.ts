import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Clock } from '@fortfail/base';
import WebSocket from 'ws';
import type { RemoteSite } from './remote-site.ts';
import { type Carrier, standingOfCode, type Wire, type WireListener } from './wire.ts';

const mostFrameBytes = 16 * 1024 * 1024;
const pingMs = 15_000;

/** The orchestrator of this machine: who can open its socket is its own user. */
export function unixSocketCarrier(socketPath: string): Carrier {
  return {
    name: 'unix socket',
    connect: (listener) => {
      // The path goes to the system as it is: in a `ws+unix:` address a colon or a percent sign would split it.
      const socket = new WebSocket('ws://localhost/agent-link', {
        createConnection: () => connect(socketPath),
        perMessageDeflate: false,
        maxPayload: mostFrameBytes,
      });
      return wireOf(socket, listener, 'at-once');
    },
  };
}

/** A site elsewhere, by WebSocket over TLS. Its authority is pinned; the agent's certificate is offered. */
export function webSocketCarrier(site: RemoteSite, clock: Clock): Carrier {
  return {
    name: 'WebSocket',
    connect: (listener) => {
      const socket = new WebSocket(site.linkAddress, {
        ...site.tls,
        perMessageDeflate: false,
        maxPayload: mostFrameBytes,
        handshakeTimeout: 20_000,
        followRedirects: false,
      });
      void keepAlive(socket, clock);
      return wireOf(socket, listener, 'challenged');
    },
  };
}

function wireOf(socket: WebSocket, listener: WireListener, greets: Wire['greets']): Wire {
  let failure: string | undefined;
  socket.on('error', (error) => {
    failure ??= error.message;
  });
  socket.on('unexpected-response', (request, response: IncomingMessage) => {
    failure = `no WebSocket there, status ${response.statusCode}`;
    response.resume();
    request.destroy();
    socket.terminate();
  });
  socket.on('open', () => listener.opened());
  socket.on('message', (data: WebSocket.RawData, isBinary: boolean) => listener.received(isBinary ? '' : data.toString()));
  socket.on('close', (code, reason) => {
    const closed = `closed with ${code} ${reason.toString()}`.trim();
    listener.ended({ reason: failure ?? closed, standing: standingOfCode(code) });
  });
  return {
    greets,
    send: (text) => socket.send(text),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}

/** A network that vanished without a word is noticed within two pings. */
async function keepAlive(socket: WebSocket, clock: Clock): Promise<void> {
  const ended = new AbortController();
  let heard = true;
  const hear = (): void => {
    heard = true;
  };
  socket.on('message', hear);
  socket.on('pong', hear);
  socket.on('close', () => ended.abort());
  while (!ended.signal.aborted) {
    await clock.sleep(pingMs, ended.signal).catch(() => undefined);
    if (ended.signal.aborted || socket.readyState !== WebSocket.OPEN) continue;
    if (!heard) return socket.terminate();
    heard = false;
    socket.ping();
  }
}
