import type { Problem, RouteAnswer, RouteBody, RouteQuery } from '@fortfail/protocol';
import { type ConsoleRoute, paths } from './paths.ts';

type Named<P extends string> = P extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer More}`
    ? Name | Named<More>
    : Rest
  : never;
type PathNames<N extends ConsoleRoute> = Named<(typeof paths)[N]>;

/** What a call needs beside its name: the path's parameters, the query, the body. */
export interface CallInput<N extends ConsoleRoute> {
  readonly path?: { readonly [K in PathNames<N>]: string };
  readonly query?: RouteQuery<N>;
  readonly body?: RouteBody<N>;
  readonly signal?: AbortSignal;
}

/** An answer that was not a success. `problem` is absent when nothing that speaks our language answered. */
export class CallError extends Error {
  readonly status: number;
  readonly problem: Problem | undefined;
  constructor(status: number, message: string, problem?: Problem) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'detail' in value && 'kind' in value && 'requestId' in value;

/** The address of a call below the console's own origin. Every parameter is encoded, so that an id cannot leave its place. */
export const addressOf = (
  name: ConsoleRoute,
  path: Readonly<Record<string, string>> = {},
  query: Readonly<Record<string, unknown>> = {},
): { method: string; url: string } => {
  const [method = 'GET', template = '/'] = paths[name].split(' ');
  const filled = template.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(path[key] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  return { method, url: `/api/v1${filled}${search.size > 0 ? `?${search}` : ''}` };
};

/** 128 random bits as text. `crypto.randomUUID` exists on secure origins only; a home server may not be one. */
export const randomKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const request = async (method: string, url: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> => {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (signal) init.signal = signal;
  if (method !== 'GET') {
    init.headers = { accept: 'application/json', 'content-type': 'application/json', 'x-ff': '1', 'idempotency-key': randomKey() };
    init.body = JSON.stringify(body ?? {});
  }
  try {
    return await fetch(url, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new CallError(0, 'The orchestrator did not answer.');
  }
};

/** Calls one route of the API. Throws `CallError` for every answer that is not a success. */
export const call = async <N extends ConsoleRoute>(name: N, input: CallInput<N> = {}): Promise<RouteAnswer<N>> => {
  const { method, url } = addressOf(name, input.path, input.query as Record<string, unknown> | undefined);
  const response = await request(method, url, input.body, input.signal);
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const answer: unknown = isJson ? await response.json() : undefined;
  if (!response.ok) {
    if (isProblem(answer)) throw new CallError(response.status, answer.detail, answer);
    throw new CallError(response.status, `The orchestrator answered ${response.status}.`);
  }
  return answer as RouteAnswer<N>;
};
