import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type EventFrame, eventFrame, type Problem, type RepositoryGrant, type Route, type RouteName, routes } from '@fortfail/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { grantsOf, type Looking, lookingOf } from './browse-handlers.ts';
import { answerProposal, type Call, handlers, sentinels } from './handlers.ts';
import { Refusal } from './refusal.ts';
import { makeWorld, type World } from './world.ts';

export interface MockOptions {
  /** The built console. */
  readonly dist: string;
  readonly now: () => number;
  /** Whether a browser begins signed in. */
  readonly signedIn?: boolean;
}

export interface MockApi extends AsyncDisposable {
  readonly url: string;
  readonly world: World;
  readonly sentinels: typeof sentinels;
  /** How hosts answer questions about files. */
  readonly looking: Looking;
  /** Key slots that hosts gave to others. */
  readonly grants: RepositoryGrant[];
  /** Answers every further call of this route with a problem, until `mend`. */
  break(route: RouteName, problem: { status: number; kind: string; code: string; detail: string; hint?: string }): void;
  mend(route: RouteName): void;
  /** Holds the answers of this route back; the returned function lets them go. */
  hold(route: RouteName): () => void;
  emit(frame: EventFrame): void;
  /** Tells the page to read an object again. */
  changed(object: 'job' | 'restore' | 'plan' | 'restore-point' | 'drill' | 'agent' | 'alert' | 'kit' | 'grant', id: string): void;
  /** Ends all streams and accepts no new one, until `speak`. */
  silence(): void;
  speak(): void;
  answerProposal(restoreId: string): void;
  /** Calls that changed something, in the order they came. */
  readonly orders: readonly { route: RouteName; path: Readonly<Record<string, string>>; body: unknown }[];
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const contentSecurity =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const table = Object.entries(routes) as [RouteName, Route][];
const BEAT_MS = 2000;

const match = (method: string, pathname: string): { name: RouteName; route: Route; path: Record<string, string> } | undefined => {
  const asked = pathname.replace(/^\/api\/v1/, '').split('/');
  for (const [name, route] of table) {
    const parts = route.path.split('/');
    if (route.method !== method || parts.length !== asked.length) continue;
    if (!parts.every((part, index) => part.startsWith(':') || part === asked[index])) continue;
    const path = Object.fromEntries(
      parts.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), decodeURIComponent(asked[index] ?? '')]] : [])),
    );
    return { name, route, path };
  }
  return undefined;
};

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString() || '{}');
};

const sendJson = (response: ServerResponse, status: number, value: unknown, cookie?: string): void => {
  response.writeHead(status, {
    'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
    'cache-control': 'no-store',
    ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
  });
  response.end(JSON.stringify(value));
};

class MockServer implements MockApi {
  readonly world: World;
  readonly sentinels = sentinels;
  readonly orders: { route: RouteName; path: Readonly<Record<string, string>>; body: unknown }[] = [];
  readonly #options: MockOptions;
  readonly #http: Server;
  readonly #streams = new WebSocketServer({ noServer: true });
  readonly #broken = new Map<RouteName, Refusal>();
  readonly #held = new Map<RouteName, Promise<void>>();
  #beat: NodeJS.Timeout | undefined;
  #isSilent = false;
  #isIn: boolean;
  #seq = 100;
  #requests = 0;

  constructor(options: MockOptions) {
    this.#options = options;
    this.#isIn = options.signedIn ?? true;
    this.world = makeWorld(options.now);
    this.#http = createServer((request, response) => void this.#answer(request, response));
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.#isSilent || !this.#isIn || !request.url?.startsWith('/api/v1/events')) return socket.destroy();
      this.#streams.handleUpgrade(request, socket, head, (stream) => this.#greet(stream));
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    this.#beat = setInterval(() => this.emit({ type: 'beat', now: this.#now(), seq: this.#seq }), BEAT_MS);
    return this;
  }

  get looking(): Looking {
    return lookingOf(this.world);
  }

  get grants(): RepositoryGrant[] {
    return grantsOf(this.world);
  }

  get url(): string {
    return `http://localhost:${(this.#http.address() as AddressInfo).port}`;
  }

  break(route: RouteName, { status, kind, code, detail, hint }: Parameters<MockApi['break']>[1]): void {
    this.#broken.set(route, new Refusal(status, kind, code, detail, hint === undefined ? {} : { hint }));
  }

  mend(route: RouteName): void {
    this.#broken.delete(route);
  }

  hold(route: RouteName): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(route, promise);
    return () => {
      this.#held.delete(route);
      resolve();
    };
  }

  emit(frame: EventFrame): void {
    const text = JSON.stringify(eventFrame.parse(frame));
    for (const stream of this.#streams.clients) stream.send(text);
  }

  changed(object: Parameters<MockApi['changed']>[0], id: string): void {
    this.#seq += 1;
    this.emit({ type: 'changed', seq: this.#seq, at: this.#now(), object, id, planId: null });
  }

  silence(): void {
    this.#isSilent = true;
    for (const stream of this.#streams.clients) stream.terminate();
  }

  speak(): void {
    this.#isSilent = false;
  }

  answerProposal(restoreId: string): void {
    answerProposal(this.world, restoreId);
    this.changed('restore', restoreId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat);
    for (const stream of this.#streams.clients) stream.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #now(): string {
    return new Date(this.world.now()).toISOString();
  }

  #greet(stream: WebSocket): void {
    stream.send(JSON.stringify({ type: 'hello', now: this.#now(), seq: this.#seq } satisfies EventFrame));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/api/')) return this.#file(url.pathname, response);
    try {
      await this.#call(request, url, response);
    } catch (error) {
      this.#requests += 1;
      const refusal =
        error instanceof Refusal ? error : new Refusal(500, 'bug', 'mock-failed', error instanceof Error ? error.message : String(error));
      sendJson(response, refusal.problem.status, { ...refusal.problem, requestId: `req-${this.#requests}` } satisfies Problem);
    }
  }

  async #call(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const found = match(request.method ?? 'GET', url.pathname);
    if (!found) throw new Refusal(404, 'not-found', 'no-route', `unable to find route '${url.pathname}'`);
    const { name, route, path } = found;
    await this.#held.get(name);
    const broken = this.#broken.get(name);
    if (broken) throw broken;
    if (route.action !== 'public' && !this.#isIn) throw new Refusal(401, 'denied', 'not-signed-in', 'unable to answer before you sign in');
    if (route.method !== 'GET' && (request.headers['x-ff'] !== '1' || request.headers['content-type'] !== 'application/json'))
      throw new Refusal(403, 'denied', 'cross-site', 'unable to accept a change that does not come from our own pages');
    const query = route.query?.parse(Object.fromEntries(url.searchParams)) ?? {};
    const body = route.method === 'GET' ? undefined : this.#checked(route, await bodyOf(request));
    if (route.method !== 'GET' && route.action !== 'see-file-names') this.orders.push({ route: name, path, body });
    const handler = handlers[name] as ((call: Call<RouteName>) => unknown) | undefined;
    if (!handler) throw new Refusal(501, 'bug', 'not-mocked', `unable to mock '${name}'`);
    let cookie: string | undefined;
    const setSession = (isIn: boolean): void => {
      this.#isIn = isIn;
      cookie = isIn ? 'ff=session; HttpOnly; SameSite=Strict; Path=/' : 'ff=; Max-Age=0; Path=/';
    };
    const answer = await handler({
      world: this.world,
      path,
      query: query as never,
      body: body as never,
      changed: (object, id) => this.changed(object, id),
      setSession,
    });
    sendJson(response, route.status ?? 200, route.answer.parse(answer), cookie);
  }

  #checked(route: Route, given: unknown): unknown {
    const result = route.body?.safeParse(given);
    if (!result || result.success) return result?.data;
    const errors = result.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
    throw new Refusal(400, 'invalid-input', 'invalid-body', 'unable to accept this', { errors });
  }

  async #file(pathname: string, response: ServerResponse): Promise<void> {
    const path = extname(pathname) in types ? normalize(pathname) : '/index.html';
    try {
      const bytes = await readFile(join(this.#options.dist, path));
      response.writeHead(200, {
        'content-type': types[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': contentSecurity,
        'x-content-type-options': 'nosniff',
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }
}

/** Starts a console with imagined data behind it, answering by the protocol's own routes and schemas. For tests only. */
export const startMockApi = (options: MockOptions): Promise<MockApi> => new MockServer(options).listen();
