import { createReadStream } from 'node:fs';
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { FortFailError } from '@fortfail/base';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | FileBody;
  /** Without a byte moved for so long the call is given up. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** More certificates (PEM) to trust. */
  readonly ca?: string | undefined;
}

/** A file as a body, streamed, with bytes before and after it. */
export interface FileBody {
  readonly path: string;
  readonly sizeBytes: number;
  readonly before?: Buffer;
  readonly after?: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** The longest answer that is read as a whole. */
const longestTextBytes = 1024 * 1024;

/**
 * One request and the head of its answer, whatever its status. Redirects are not followed: a token goes where it was meant
 * to go. Throws `unavailable` when there is no answer, and the signal's reason.
 */
export function exchange(call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(call.url);
    const fail = (cause: unknown): void => reject(call.signal.aborted ? call.signal.reason : noAnswer(url, cause));
    const options = {
      method: call.method,
      headers: { ...lengthOf(call.body), ...call.headers },
      timeout: call.patienceMs,
      signal: call.signal,
      agent: false as const,
    };
    const onAnswer = (body: IncomingMessage): void => resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
    const request =
      url.protocol === 'https:'
        ? tlsRequest(url, { ...options, ...(call.ca === undefined ? {} : { ca: [...rootCertificates, call.ca] }) }, onAnswer)
        : plainRequest(url, options, onAnswer);
    request.on('error', fail);
    request.on('timeout', () => request.destroy(new Error(`nothing came for ${call.patienceMs / 1000} s`)));
    send(request, call.body, fail);
  });
}

function lengthOf(body: Call['body']): Record<string, string> {
  if (body === undefined) return {};
  const bytes = Buffer.isBuffer(body) ? body.length : body.sizeBytes + (body.before?.length ?? 0) + (body.after?.length ?? 0);
  return { 'content-length': String(bytes) };
}

function send(request: ClientRequest, body: Call['body'], fail: (cause: unknown) => void): void {
  if (body === undefined || Buffer.isBuffer(body)) {
    request.end(body);
    return;
  }
  sendFile(request, body).catch((error: unknown) => {
    fail(error);
    request.destroy();
  });
}

/** Sends a file as fast as the other side takes it. A refusal may come before all of it was sent; the rest then is not. */
async function sendFile(request: ClientRequest, { path, before, after }: FileBody): Promise<void> {
  let isOver = false;
  const over = new Promise<void>((resolve) => {
    const end = (): void => {
      isOver = true;
      resolve();
    };
    request.once('response', end);
    request.once('error', end);
    request.once('close', end);
  });
  if (before !== undefined) request.write(before);
  for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    if (isOver) return;
    if (!request.write(piece)) await Promise.race([new Promise<void>((resolve) => request.once('drain', resolve)), over]);
  }
  if (!isOver) request.end(after);
}

function noAnswer(url: URL, cause: unknown): FortFailError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const why = code ?? (cause instanceof Error ? cause.message : String(cause));
  return new FortFailError({
    kind: 'unavailable',
    code: 'no-answer',
    message: `unable to reach ${url.origin}: ${why}`,
    hint: 'It is tried again.',
    cause,
  });
}

/** The whole body as text. Throws `unavailable` when it breaks off, `damaged` when it is too long to be one. */
export async function textOf(answer: Answer): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > longestTextBytes) break;
      pieces.push(piece);
    }
  } catch (cause) {
    throw new FortFailError({ kind: 'unavailable', code: 'cut-off', message: 'unable to read the answer: it broke off', cause });
  }
  if (bytes > longestTextBytes)
    throw new FortFailError({ kind: 'damaged', code: 'long-answer', message: 'unable to read the answer: it is too long' });
  return Buffer.concat(pieces).toString('utf8');
}
