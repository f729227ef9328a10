import { chmodSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { FortFailError, isFortFailError } from '@fortfail/base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { secureContext, type TlsMaterial, tlsOptions } from './tls-material.ts';

const idleMs = 30_000;

export interface ListenPlan {
  readonly socketPath: string;
  readonly port: number;
  readonly host: string | undefined;
  readonly tls: TlsMaterial | undefined;
}

/** A TLS door besides the first one. */
export interface TlsDoor {
  readonly port: number;
  /** New connections get this certificate. */
  update(material: TlsMaterial): void;
  /** Takes no more connections and ends those that are open. */
  close(): Promise<void>;
}

const maxTlsConnections = 4096;

/** The doors of the process: the unix socket first, then TCP. */
export class Listeners {
  readonly #plan: ListenPlan;
  readonly #servers: Server[] = [];
  readonly #tlsServers: HttpsServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #local = new WeakSet<object>();

  constructor(plan: ListenPlan) {
    this.#plan = plan;
  }

  /** True for a request that came over the unix socket. */
  readonly isLocal = (request: FastifyRequest): boolean => this.#local.has(request.raw.socket);

  /** Names besides loopback under which the TCP port can be reached. */
  ownNames(): string[] {
    const { host } = this.#plan;
    if (host === undefined) return [];
    if (host !== '0.0.0.0' && host !== '::') return [host];
    const addresses = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).map((one) => one.address.split('%')[0] ?? one.address),
    );
    return [hostname(), ...addresses];
  }

  /** Takes the TCP port without answering yet, and says which it is: a taken port must be known before anything else. `clientCa`: of agents. */
  async bindTcp(app: FastifyInstance, clientCa?: string): Promise<number> {
    const { host } = this.#plan;
    const tls = this.#plan.tls === undefined ? undefined : { ...this.#plan.tls, clientCa };
    const make = (): Server => (tls === undefined ? createServer(app.routing) : this.#makeTls(app, tls));
    let port = this.#plan.port;
    for (const address of host === undefined ? ['127.0.0.1', '::1'] : [host]) {
      const server = make();
      try {
        port = await this.#bind(app, server, { host: address, port });
      } catch (error) {
        // A machine without IPv6 has no ::1, and nothing is lost by that.
        const isMissing = isFortFailError(error) && error.code === 'address-missing' && address === '::1';
        if (!isMissing) throw error;
      }
    }
    return port;
  }

  /** The first door's certificate from now on. */
  updateTls(material: TlsMaterial): void {
    for (const server of this.#tlsServers) server.setSecureContext(secureContext(material));
  }

  /** Opens a TLS door besides: on all addresses when no host is given. Throws as `bindTcp` does. */
  async openTls(
    app: FastifyInstance,
    where: { readonly host: string | undefined; readonly port: number; readonly material: TlsMaterial },
  ): Promise<TlsDoor> {
    const [host = '0.0.0.0', ...others] = where.host === undefined ? ['::', '0.0.0.0'] : [where.host];
    try {
      return await this.#openTlsAt(app, { ...where, host });
    } catch (error) {
      // A machine without IPv6 has no address `::`.
      const [other] = others;
      if (other === undefined || !isFortFailError(error) || error.code !== 'address-missing') throw error;
      return await this.#openTlsAt(app, { ...where, host: other });
    }
  }

  async #openTlsAt(
    app: FastifyInstance,
    where: { readonly host: string; readonly port: number; readonly material: TlsMaterial },
  ): Promise<TlsDoor> {
    const server = createTlsServer(tlsOptions(where.material), app.routing as RequestListener);
    server.maxConnections = maxTlsConnections;
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    const plain = server as unknown as Server;
    const port = await this.#bind(app, plain, where);
    return {
      port,
      update: (material) => server.setSecureContext(secureContext(material)),
      close: async () => {
        this.#servers.splice(this.#servers.indexOf(plain), 1);
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        for (const socket of sockets) socket.destroy();
        await closed;
      },
    };
  }

  #makeTls(app: FastifyInstance, material: TlsMaterial): Server {
    const server = createTlsServer(tlsOptions(material), app.routing as RequestListener);
    this.#tlsServers.push(server);
    return server as unknown as Server;
  }

  /** Opens the unix socket, mode 0600 in its 0700 folder. */
  async bindLocal(app: FastifyInstance): Promise<void> {
    const server = createServer(app.routing);
    server.on('connection', (socket) => this.#local.add(socket));
    await this.#bind(app, server, { path: this.#plan.socketPath });
    chmodSync(this.#plan.socketPath, 0o600);
  }

  async #bind(app: FastifyInstance, server: Server, where: { host: string; port: number } | { path: string }): Promise<number> {
    server.headersTimeout = idleMs;
    // Uploads may take hours; ordinary bodies have a time of their own (http/body-time.ts).
    server.requestTimeout = 0;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // The framework's WebSocket support listens on its own server; ours hand over to it.
    server.on('upgrade', (request, socket, head) => app.server.emit('upgrade', request, socket, head));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(refusal(error, where)));
      server.listen(where, resolve);
    });
    this.#servers.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Takes no more connections, lets answers under way finish for a moment, then ends what is left. */
  async close(graceMs: () => Promise<void>): Promise<void> {
    const closed = Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    for (const server of this.#servers) server.closeIdleConnections();
    await Promise.race([closed, graceMs()]);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

function refusal(error: Error, where: { host: string; port: number } | { path: string }): unknown {
  const code = 'code' in error ? error.code : undefined;
  if (!('port' in where)) return error;
  const place = `${where.host}:${where.port}`;
  if (code === 'EADDRINUSE') {
    return new FortFailError({
      kind: 'conflict',
      code: 'port-taken',
      message: `unable to listen on port ${where.port}, another program uses it`,
      hint: 'Stop it, or choose another port with --port.',
      cause: error,
    });
  }
  if (code === 'EACCES') {
    return new FortFailError({
      kind: 'denied',
      code: 'port-denied',
      message: `unable to listen on port ${where.port}, this user may not`,
      hint: 'Choose a port above 1023 with --port.',
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new FortFailError({
      kind: 'invalid-input',
      code: 'address-missing',
      message: `unable to listen on '${place}', this machine has no such address`,
      hint: 'Choose another with --host.',
      cause: error,
    });
  }
  return error;
}
