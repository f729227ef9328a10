import { readFileSync } from 'node:fs';
import { createServer as createHttps, type Server as HttpsServer, request as httpsRequest } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** What stands in the way of an agent: `address:port` here leads to the same port of another address of this machine. */
interface Way {
  readonly address: string;
  readonly to: string;
  readonly port: number;
}

/** A cable that can be cut: then what goes through it ends, and nobody gets through until it is mended. */
export class Cable implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  isCut = false;
  /** Connections let through so far. */
  passed = 0;

  private constructor({ to, port }: Way) {
    this.#server = createServer((near) => {
      if (this.isCut) return void near.destroy();
      this.passed += 1;
      const far = connect(port, to);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#open.delete(one);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  static async open(way: Way): Promise<Cable> {
    const cable = new Cable(way);
    await new Promise<void>((resolve, reject) => cable.#server.once('error', reject).listen(way.port, way.address, resolve));
    return cable;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A company's proxy: it ends TLS with a certificate of the site and passes requests on, but knows no WebSockets. */
export class OldProxy implements AsyncDisposable {
  readonly #server: HttpsServer;
  refused = 0;
  /** Requests passed on so far, by path. */
  readonly passed = new Map<string, number>();

  private constructor({ to, port }: Way, data: string) {
    const cert = readFileSync(join(data, 'tls', 'server.pem'));
    this.#server = createHttps({ cert, key: readFileSync(join(data, 'tls', 'server.key')) }, (asked, answer) => {
      const { method, url: path = '', headers } = asked;
      this.passed.set(path, (this.passed.get(path) ?? 0) + 1);
      // It trusts the site by its address alone, as such proxies do.
      const onwards = httpsRequest({ host: to, port, method, path, headers, rejectUnauthorized: false }, (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      });
      onwards.on('error', () => answer.destroy());
      answer.on('close', () => onwards.destroy());
      asked.pipe(onwards);
    });
    this.#server.on('upgrade', (_request, socket) => {
      this.refused += 1;
      socket.end('HTTP/1.1 426 Upgrade Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
  }

  /** `data`: of the site whose certificate it has. */
  static async open(way: Way, data: string): Promise<OldProxy> {
    const proxy = new OldProxy(way, data);
    await new Promise<void>((resolve, reject) => proxy.#server.once('error', reject).listen(way.port, way.address, resolve));
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
