import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

type Reply = { readonly status: number; readonly body?: object | Buffer; readonly headers?: Record<string, string> } | 'hang up';

/** A token that says when it ends; nobody verifies it here. */
export function tokenUntil(expiresAt: number, issuedAt = 0): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part({ agent_id: 'a', iat: issuedAt, exp: expiresAt })}.signature`;
}

const digestOf = (bytes: Buffer): string => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;

/** The other side of an agent of the first API: answers as told, and remembers what it was asked. */
export class FakeFirstApi implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly commands: object[] = [];
  readonly objects = new Map<string, Buffer>();
  token = tokenUntil(4_000_000_000);
  /** Answers before all others, while it has one for the request. */
  override: (request: Seen) => Reply | undefined = () => undefined;
  /** Answers to `POST /snapshots`; null when uploads come as forms. */
  presigned: ((base: string) => string) | null = null;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Events of a kind that were reported so far. */
  events(type?: string): Record<string, unknown>[] {
    return this.seen
      .filter(({ path }) => path.endsWith('/events'))
      .map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>)
      .filter(({ event_type }) => type === undefined || event_type === type);
  }

  asked(method: string, path: RegExp): Seen[] {
    return this.seen.filter((one) => one.method === method && path.test(one.path));
  }

  /** Resolves when enough was asked. */
  until(look: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!look()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    } catch (error) {
      // A client that was stopped in the middle.
      if (error instanceof Error) return;
      throw error;
    }
    const seen: Seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) };
    this.seen.push(seen);
    const reply = this.override(seen) ?? this.#reply(seen);
    if (reply === 'hang up') request.socket.destroy();
    else {
      const body = Buffer.isBuffer(reply.body) ? reply.body : Buffer.from(JSON.stringify(reply.body ?? {}));
      response.writeHead(reply.status, { 'content-length': String(body.length), ...reply.headers }).end(body);
    }
    for (const look of [...this.#waiting]) look();
  }

  #reply({ method, path, body }: Seen): Reply {
    if (path === '/auth/token') return { status: 200, body: { token: this.token, expires_in: 604_800, agent_secret: 'ffl_one_secret' } };
    if (method === 'POST' && path === '/snapshots') {
      const { id } = JSON.parse(body.toString()) as { id: string };
      return { status: 200, body: { id, presigned_url: this.presigned?.(this.url) ?? null, upload_url: `/snapshots/${id}/object` } };
    }
    if (path.endsWith('/commands')) return { status: 200, body: this.commands.splice(0) };
    const [, id] = /^\/snapshots\/([^/]+)\/object$/.exec(path) ?? [];
    const object = id === undefined || method !== 'GET' ? undefined : this.objects.get(decodeURIComponent(id));
    if (object !== undefined) return { status: 200, body: object, headers: { 'repr-digest': digestOf(object) } };
    return { status: 200, body: { status: 'ok' } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
