import { type IncomingMessage, request } from 'node:http';
import { type ErrorKind, errorKinds, FortFailError } from '@fortfail/base';
import { problem, type Route, type RouteAnswer, type RouteBody, type RouteName, type RouteQuery, routes } from '@fortfail/protocol';

/** What a route is asked with: its path parameters, query and body. */
export interface RouteInput<N extends RouteName> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: RouteQuery<N>;
  readonly body?: RouteBody<N>;
  readonly signal?: AbortSignal | undefined;
}

/** A site's API as its own machine sees it. */
export interface ApiClient {
  /** Throws what the orchestrator answered, and `unavailable` when nobody answers. */
  ask<N extends RouteName>(name: N, input?: RouteInput<N>): Promise<RouteAnswer<N>>;
}

/** The API over the orchestrator's unix socket: who can reach the socket is the local administrator. */
export class LocalClient implements ApiClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async ask<N extends RouteName>(name: N, input: RouteInput<N> = {}): Promise<RouteAnswer<N>> {
    const route: Route = routes[name];
    const { status, text } = await this.#exchange(route.method, pathOf(route, input), input.body, input.signal);
    const parsed = parseJson(text);
    if (status >= 400 || parsed === undefined) throw problemError(status, parsed, route.summary);
    // The route's own schema, so its answer type.
    return route.answer.parse(parsed) as RouteAnswer<N>;
  }

  #exchange(method: string, path: string, body: unknown, signal: AbortSignal | undefined): Promise<{ status: number; text: string }> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      host: 'localhost',
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return new Promise((resolve, reject) => {
      const refuse = (cause: unknown): void => reject(signal?.aborted ? signal.reason : unreachable(this.#socketPath, cause));
      const call = request(
        { socketPath: this.#socketPath, path, method, headers, ...(signal && { signal }) },
        (answer: IncomingMessage) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', refuse);
          answer.on('end', () => resolve({ status: answer.statusCode ?? 500, text: Buffer.concat(parts).toString('utf8') }));
        },
      );
      call.on('error', refuse);
      call.end(content);
    });
  }
}

function pathOf(route: Route, input: { readonly params?: Readonly<Record<string, string>>; readonly query?: unknown }): string {
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(input.params?.[name] ?? ''));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) if (value !== undefined) query.set(name, String(value));
  return `/api/v1${path}${query.size > 0 ? `?${query}` : ''}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is not an answer of ours: the caller reports the status.
    return undefined;
  }
}

function unreachable(socketPath: string, cause: unknown): FortFailError {
  return new FortFailError({
    kind: 'unavailable',
    code: 'not-up',
    message: `unable to reach FortFail at '${socketPath}'`,
    hint: 'Start it with `fortfail start`, or name its data folder with --data.',
    context: { code: (cause as NodeJS.ErrnoException).code },
    cause,
  });
}

function problemError(status: number, body: unknown, what: string): FortFailError {
  const read = problem.safeParse(body);
  if (!read.success) {
    return new FortFailError({
      kind: 'unavailable',
      code: 'bad-answer',
      message: `unable to understand the answer to '${what}' (status ${status})`,
    });
  }
  const { kind, code, detail, hint, errors } = read.data;
  const fields = errors?.map(({ field, message }) => `${field} ${message}`).join('; ');
  return new FortFailError({
    kind: Object.hasOwn(errorKinds, kind) ? (kind as ErrorKind) : 'bug',
    code,
    message: fields === undefined ? detail : `${detail}: ${fields}`,
    hint,
  });
}
