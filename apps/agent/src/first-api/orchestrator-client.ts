import { type Clock, FortFailError } from '@fortfail/base';
import { type Answer, type Call, exchange, type FileBody, textOf } from './exchange.ts';
import { detailOf, withRetries } from './retry.ts';

export interface Command {
  readonly id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface AgentEvent {
  readonly job_id?: string;
  readonly snapshot_id?: string;
  readonly event_type: string;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface Registration {
  readonly id: string;
  readonly checksum: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface MintedToken {
  readonly token: string;
  readonly agentSecret: string | undefined;
}

/** Tokens as the client needs them. */
export interface TokenSource {
  current(signal: AbortSignal): Promise<string>;
  /** Says that a token was refused; true when another one is worth a try. */
  refused(token: string): boolean;
}

export interface ClientParts {
  readonly url: string;
  readonly agentId: string;
  readonly clock: Clock;
  readonly ca: string | undefined;
}

const callPatienceMs = 10_000;
const transferPatienceMs = 300_000;
const longestMessage = 5000;

/** Trades a secret for a token. Throws `denied` (wrong secret, claimed id), `invalid-input`, `unavailable`. */
export async function mintToken(
  { url, agentId, clock, ca }: ClientParts,
  secret: string,
  previous: string | undefined,
  signal: AbortSignal,
): Promise<MintedToken> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (previous !== undefined) headers.authorization = `Bearer ${previous}`;
  const body = Buffer.from(JSON.stringify({ registration_secret: secret, agent_id: agentId }));
  const call = (): Promise<Answer> =>
    exchange({ method: 'POST', url: `${url}/auth/token`, headers, body, patienceMs: callPatienceMs, signal, ca });
  const answer = await accepted('get a token', await withRetries(clock, signal, 'get a token', call));
  const { token, agent_secret } = await objectOf(answer);
  if (typeof token !== 'string') throw strange('get a token');
  return { token, agentSecret: typeof agent_secret === 'string' ? agent_secret : undefined };
}

/** The calls of the first API that an agent makes, each with its retries, and with a new token when the old one is refused. */
export class OrchestratorClient {
  readonly #parts: ClientParts;
  readonly #tokens: TokenSource;

  constructor(parts: ClientParts, tokens: TokenSource) {
    this.#parts = parts;
    this.#tokens = tokens;
  }

  /** Says what a snapshot is. Answers where to put it; `isKnown` when it was registered before. */
  async register(
    registration: Registration,
    signal: AbortSignal,
  ): Promise<{ readonly presignedUrl: string | undefined; readonly isKnown: boolean }> {
    const what = `register snapshot '${registration.id}'`;
    const answer = await this.#ask(
      what,
      { method: 'POST', path: '/snapshots', json: { ...registration, agent_id: this.#parts.agentId } },
      signal,
    );
    if (answer.status === 409) return { presignedUrl: undefined, isKnown: true };
    const { presigned_url } = await objectOf(await accepted(what, answer));
    return { presignedUrl: typeof presigned_url === 'string' ? presigned_url : undefined, isKnown: false };
  }

  /** Puts a file where a presigned URL says: no token goes there. Throws `invalid-input` when it is refused, `unavailable`. */
  async put(presignedUrl: string, file: FileBody, sha256: string, signal: AbortSignal): Promise<void> {
    const { clock, ca } = this.#parts;
    const wanted = new URL(presignedUrl).searchParams.get('X-Amz-SignedHeaders')?.split(';') ?? [];
    const headers: Record<string, string> = { 'content-type': 'application/octet-stream' };
    // The signature covers the sum, so that the store takes nothing else.
    if (wanted.includes('x-amz-checksum-sha256')) headers['x-amz-checksum-sha256'] = Buffer.from(sha256, 'hex').toString('base64');
    if (!wanted.includes('content-type')) delete headers['content-type'];
    const call = (): Promise<Answer> =>
      exchange({ method: 'PUT', url: presignedUrl, headers, body: file, patienceMs: transferPatienceMs, signal, ca });
    const what = 'put the snapshot into the object store';
    await drained(await accepted(what, await withRetries(clock, signal, what, call)));
  }

  /**
   * Has an object checked that was put past the orchestrator. Throws `invalid-input` when it is not what was registered. An
   * orchestrator that checks by itself, later or never, says something else, and that is no failure.
   */
  async complete(snapshotId: string, signal: AbortSignal): Promise<void> {
    const what = `complete snapshot '${snapshotId}'`;
    const answer = await this.#ask(what, { method: 'POST', path: `/snapshots/${encodeURIComponent(snapshotId)}/complete` }, signal);
    if (answer.status === 400) await accepted(what, answer);
    await drained(answer);
  }

  /** Sends a file in a form. */
  async upload(snapshotId: string, file: FileBody, signal: AbortSignal): Promise<void> {
    const boundary = `fortfail-${snapshotId.replace(/[^A-Za-z0-9]/g, '').slice(-40)}`;
    const before = Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="snapshot.tar"\r\ncontent-type: application/octet-stream\r\n\r\n`,
    );
    const body = { ...file, before, after: Buffer.from(`\r\n--${boundary}--\r\n`) };
    const what = `upload snapshot '${snapshotId}'`;
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const path = `/snapshots/${encodeURIComponent(snapshotId)}/object`;
    await drained(
      await accepted(what, await this.#ask(what, { method: 'POST', path, body, headers, patienceMs: transferPatienceMs }, signal)),
    );
  }

  /** The bytes of a snapshot, to be read by the caller. */
  async download(snapshotId: string, signal: AbortSignal): Promise<Answer> {
    const what = `download snapshot '${snapshotId}'`;
    const path = `/snapshots/${encodeURIComponent(snapshotId)}/object`;
    return await accepted(what, await this.#ask(what, { method: 'GET', path, patienceMs: transferPatienceMs }, signal));
  }

  /** What this agent is told to do. */
  async commands(signal: AbortSignal): Promise<Command[]> {
    const what = 'get commands';
    const answer = await accepted(what, await this.#ask(what, { method: 'GET', path: `/agent/${this.#parts.agentId}/commands` }, signal));
    const list: unknown = await jsonOf(answer);
    if (!Array.isArray(list)) throw strange(what);
    return list.map((item: unknown) => {
      const { id, command_type, payload } = (item ?? {}) as Readonly<Record<string, unknown>>;
      if (typeof id !== 'string' || typeof command_type !== 'string') throw strange(what);
      const isObject = typeof payload === 'object' && payload !== null;
      return { id, type: command_type, payload: isObject ? (payload as Record<string, unknown>) : {} };
    });
  }

  async report(event: AgentEvent, signal: AbortSignal): Promise<void> {
    const what = `report ${event.event_type}`;
    const json = { ...event, message: event.message.slice(0, longestMessage) };
    await drained(
      await accepted(what, await this.#ask(what, { method: 'POST', path: `/agent/${this.#parts.agentId}/events`, json }, signal)),
    );
  }

  async #ask(
    what: string,
    request: {
      method: Call['method'];
      path: string;
      json?: object;
      body?: FileBody;
      headers?: Record<string, string>;
      patienceMs?: number;
    },
    signal: AbortSignal,
  ): Promise<Answer> {
    const { clock, url, ca } = this.#parts;
    for (let tried = 0; ; tried += 1) {
      const token = await this.#tokens.current(signal);
      const headers: Record<string, string> = { ...request.headers, authorization: `Bearer ${token}` };
      if (request.json !== undefined) headers['content-type'] = 'application/json';
      const body = request.json === undefined ? request.body : Buffer.from(JSON.stringify(request.json));
      const answer = await withRetries(clock, signal, what, () =>
        exchange({
          method: request.method,
          url: `${url}${request.path}`,
          headers,
          ...(body === undefined ? {} : { body }),
          patienceMs: request.patienceMs ?? callPatienceMs,
          signal,
          ca,
        }),
      );
      if (answer.status !== 401 || !this.#tokens.refused(token) || tried > 0) return answer;
      await drained(answer);
    }
  }
}

const kinds: Readonly<Record<number, 'denied' | 'not-found' | 'conflict' | 'no-space'>> = {
  401: 'denied',
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
  507: 'no-space',
};

/** The answer when it is a success. Throws what the status means, with the orchestrator's own words. */
async function accepted(what: string, answer: Answer): Promise<Answer> {
  if (answer.status >= 200 && answer.status < 300) return answer;
  const detail = await detailOf(answer);
  throw new FortFailError({
    kind: kinds[answer.status] ?? (answer.status >= 500 || answer.status === 408 ? 'unavailable' : 'invalid-input'),
    code: `http-${answer.status}`,
    message: `unable to ${what}: the orchestrator answers ${answer.status}${detail === '' ? '' : ` (${detail})`}`,
  });
}

async function drained(answer: Answer): Promise<void> {
  await textOf(answer);
}

async function jsonOf(answer: Answer): Promise<unknown> {
  const text = await textOf(answer);
  try {
    return JSON.parse(text);
  } catch {
    throw strange('understand the orchestrator');
  }
}

async function objectOf(answer: Answer): Promise<Readonly<Record<string, unknown>>> {
  const value = await jsonOf(answer);
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function strange(what: string): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'strange-answer',
    message: `unable to ${what}: the answer is none of this API`,
    hint: 'Check that ORCHESTRATOR_URL leads to an orchestrator.',
  });
}
