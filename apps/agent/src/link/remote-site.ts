import { createPrivateKey } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Clock, type ErrorKind, errorKinds, FortFailError } from '@fortfail/base';
import { problem } from '@fortfail/protocol';
import { type IdentityKey, signRequestProof } from '@fortfail/trust';

export interface RemoteSiteParts {
  /** Base address without a slash at its end. */
  readonly url: string;
  readonly agentId: string;
  readonly identity: IdentityKey;
  /** PEM; null: ordinary web PKI. */
  readonly ca: string | null;
  /** PEM, offered in the handshake; null: none. */
  readonly certificate: string | null;
  readonly clock: Clock;
}

/** TLS as every connection to the site uses it. */
export interface SiteTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion: 'TLSv1.2';
}

export interface SiteAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A site answers long polls within 55 s; whoever says nothing for longer is not there. */
const silentMs = 75_000;
const mostAnswerBytes = 32 * 1024 * 1024;
export const linkPath = '/agent-link';

/** A site elsewhere, spoken to with a proof by this agent's key on every request. */
export class RemoteSite {
  readonly #parts: RemoteSiteParts;
  readonly #key: string;
  #tls: SiteTls;
  #http: HttpAgent;
  /** Drawn by the site when this machine's clock is wrong: proofs carry it instead of being judged by time. */
  #nonce: string | undefined;

  private constructor(parts: RemoteSiteParts, key: string) {
    this.#parts = parts;
    this.#key = key;
    this.#tls = this.#tlsWith(parts.certificate);
    this.#http = this.#connections();
  }

  static async open(parts: RemoteSiteParts): Promise<RemoteSite> {
    const jwk = { ...(await parts.identity.toJwk()) };
    return new RemoteSite(parts, createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }).toString());
  }

  get tls(): SiteTls {
    return this.#tls;
  }

  /** Offers another certificate from the next connection on. */
  offer(certificate: string): void {
    this.#tls = this.#tlsWith(certificate);
    // Requests under way end on the old ones, which close when they are idle.
    this.#http = this.#connections();
  }

  #tlsWith(certificate: string | null): SiteTls {
    const { ca } = this.#parts;
    return {
      ...(ca === null ? {} : { ca }),
      ...(certificate === null ? {} : { cert: certificate, key: this.#key }),
      minVersion: 'TLSv1.2',
    };
  }

  #connections(): HttpAgent {
    const isTls = this.#parts.url.startsWith('https:');
    return isTls ? new HttpsAgent({ ...this.#tls, keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  /** Where the WebSocket is. */
  get linkAddress(): string {
    return `${this.#parts.url.replace(/^http/, 'ws')}${linkPath}`;
  }

  /** A proof over what the site drew, for the first frame. */
  async linkProof(nonce: string): Promise<string> {
    const { identity, clock, url } = this.#parts;
    return await signRequestProof(identity, { method: 'GET', url: `${url}${linkPath}`, nonce, now: clock.now() });
  }

  /** Asks with a proof, twice where the site wants its own nonce in it. Throws `unavailable` when nobody answers. */
  async ask(method: 'GET' | 'POST', path: string, content: unknown, signal: AbortSignal): Promise<SiteAnswer> {
    const body = content === undefined ? undefined : Buffer.from(JSON.stringify(content));
    const first = await this.#exchange(method, path, body, signal);
    if (first.status !== 401 || first.nonce === undefined || first.nonce === first.usedNonce) return first;
    this.#nonce = first.nonce;
    return await this.#exchange(method, path, body, signal);
  }

  close(): void {
    this.#http.destroy();
  }

  async #exchange(
    method: string,
    path: string,
    body: Buffer | undefined,
    signal: AbortSignal,
  ): Promise<SiteAnswer & { readonly nonce: string | undefined; readonly usedNonce: string | undefined }> {
    const { url, identity, agentId, clock } = this.#parts;
    const usedNonce = this.#nonce;
    const proof = await signRequestProof(identity, { method, url: `${url}${path}`, body, nonce: usedNonce, now: clock.now() });
    const headers = {
      accept: 'application/json',
      authorization: `DPoP ${agentId}`,
      dpop: proof,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(body.length) }),
    };
    const answer = await send(`${url}${path}`, { method, headers, agent: this.#http, signal }, body);
    const nonce = answer.headers['dpop-nonce'];
    return { status: answer.status, body: answer.body, nonce: typeof nonce === 'string' ? nonce : undefined, usedNonce };
  }
}

interface SendOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent?: HttpAgent;
  readonly signal: AbortSignal;
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

interface RawAnswer extends SiteAnswer {
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** One request; the answer's JSON, undefined where it is none. Throws `unavailable`, or the signal's reason. */
export function send(address: string, options: SendOptions, body?: Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(options.signal.aborted ? options.signal.reason : unreachable(address, cause));
    const start = address.startsWith('https:') ? httpsRequest : httpRequest;
    const call = start(address, { ...options, timeout: silentMs, headers: { ...options.headers } }, (answer) => {
      const parts: Buffer[] = [];
      let size = 0;
      answer.on('data', (part: Buffer) => {
        size += part.length;
        if (size > mostAnswerBytes) answer.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      answer.on('error', fail);
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: parseJson(text), text });
      });
    });
    call.on('timeout', () => call.destroy(new Error('nobody answers')));
    call.on('error', fail);
    call.end(body);
  });
}

/** What a site answered instead of what was asked for, as an error. */
export function answerError(answer: SiteAnswer, doing: string): FortFailError {
  const read = problem.safeParse(answer.body);
  if (!read.success) {
    return new FortFailError({
      kind: 'unavailable',
      code: 'bad-answer',
      message: `unable to ${doing}, the site answered with status ${answer.status} and nothing that can be understood`,
      hint: 'Is that the address of FortFail? A proxy may have answered in its place.',
    });
  }
  const { kind, code, detail, hint } = read.data;
  return new FortFailError({ kind: Object.hasOwn(errorKinds, kind) ? (kind as ErrorKind) : 'bug', code, message: detail, hint });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asked says what it means that this is not JSON.
    return undefined;
  }
}

function unreachable(address: string, cause: unknown): FortFailError {
  const { host } = new URL(address);
  const why = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection';
  return new FortFailError({
    kind: 'unavailable',
    code: 'site-unreachable',
    message: `unable to reach the site at '${host}' (${why})`,
    hint: 'Is it up, and does this host reach that address?',
    context: { code: why },
    cause,
  });
}
