import { isFortFailError } from '@fortfail/base';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Caller } from '../../first-api/caller.ts';
import { findClaim } from '../../first-api/claims.ts';
import type { LiveRecord } from '../../first-api/live-records.ts';
import { refuse } from '../../first-api/refusal.ts';
import { seesAgent } from '../../first-api/rights.ts';
import { checkReach, identifyToken, isOwnMachine, type V0Services } from './callers.ts';

const policyViolation = 1008;
const tooBig = 1009;
const tryAgain = 1013;
const maxSockets = 256;
const maxTextBytes = 64 << 10;
/** What a client may say before it is welcomed. */
const maxEarly = 16;
/** A listener that reads no faster than this much waits for it is cut off. */
const maxBuffered = 4 << 20;
const checkEveryMs = 10_000;

type RecordsSocket = Pick<WebSocket, 'on' | 'send' | 'close' | 'terminate' | 'bufferedAmount' | 'readyState' | 'OPEN'>;

/** Live records of the first API for one listener: a word of welcome, then what it may see; text comes back as an echo. */
export async function serveRecords(services: V0Services, socket: RecordsSocket, request: FastifyRequest): Promise<void> {
  const stop = new AbortController();
  const early: { text: string; isBinary: boolean }[] = [];
  let hear = (text: string, isBinary: boolean): void => void (early.length < maxEarly && early.push({ text, isBinary }));
  socket.on('close', () => stop.abort());
  socket.on('error', () => socket.terminate());
  socket.on('message', (data, isBinary) => hear(String(data), isBinary));
  try {
    if (services.firstApi.records.size >= maxSockets) return socket.close(tryAgain, 'too many listeners');
    const entry = await enter(services, request);
    let telling = Promise.resolve();
    const tell = (record: LiveRecord): void => {
      // One after the other, so that none overtakes another.
      telling = telling.then(() => deliver(services, socket, entry.caller, record)).catch(() => socket.terminate());
    };
    using _listening = await services.firstApi.records.listen(tell);
    if (stop.signal.aborted) return;
    send(socket, { event: 'connected', message: 'Connected to FortFail event stream' });
    hear = (text, isBinary) => echo(socket, text, isBinary);
    for (const { text, isBinary } of early) hear(text, isBinary);
    await stay(services, entry, socket, stop.signal);
  } catch (error) {
    if (isFortFailError(error, 'denied')) return socket.close(policyViolation, error.message.slice(0, 120));
    services.logger.error({ component: 'first-api', err: error }, 'a live connection failed');
    socket.close(1011, 'try again');
  }
}

/** Who listens, and how to see whether it still may: by its token, or by what its ticket was made with. */
interface Entry {
  readonly caller: Caller;
  readonly check: () => Promise<unknown>;
}

/** Who listens. A ticket is for the address; a token stands there only where no log of others can keep it. */
async function enter(services: V0Services, request: FastifyRequest): Promise<Entry> {
  checkReach(services, request);
  const { firstApi } = services;
  const [, bearer] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const { token: inQuery } = request.query as { token?: string };
  const token = bearer ?? (typeof inQuery === 'string' ? inQuery : undefined);
  firstApi.limits.request(request.ip);
  if (token === undefined) throw refuse(401, 'not-authenticated', 'Not authenticated');
  if (bearer === undefined && token.startsWith('fft_')) {
    const holder = await firstApi.tokens.useTicket(token);
    return { caller: holder.caller, check: () => firstApi.tokens.checkHolder(holder) };
  }
  if (bearer === undefined && !(firstApi.settings.wsQueryJwt || isOwnMachine(request)))
    throw refuse(401, 'token-in-url', 'Get a ticket from POST /auth/ws-ticket: a token in the address ends up in logs');
  const { caller } = await identifyToken(services, token);
  return { caller, check: () => identifyToken(services, token) };
}

/** Looks now and then whether the listener's token is still good. */
async function stay(services: V0Services, entry: Entry, socket: RecordsSocket, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await services.clock.sleep(checkEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    services.firstApi.records.wake();
    await entry.check();
    if (socket.bufferedAmount > maxBuffered) return socket.terminate();
  }
}

async function deliver(services: V0Services, socket: RecordsSocket, caller: Caller, record: LiveRecord): Promise<void> {
  const id = ownerOf(record);
  if (caller.kind === 'agent' && id !== caller.id && record.target_agent_id !== caller.id) return;
  if (caller.kind === 'newcomer') return;
  const claim = caller.kind === 'person' && id !== undefined ? await findClaim(services.database.read, id) : undefined;
  if (caller.kind === 'person' && !seesAgent(caller, claim, id ?? '')) return;
  send(socket, record);
}

/** Whose record it is. */
function ownerOf(record: LiveRecord): string | undefined {
  const id = record.agent_id ?? record.target_agent_id;
  return typeof id === 'string' ? id : undefined;
}

function echo(socket: RecordsSocket, text: string, isBinary: boolean): void {
  if (isBinary || Buffer.byteLength(text) > maxTextBytes) socket.close(tooBig, 'text of at most 64 KiB only');
  else send(socket, { event: 'echo', data: text });
}

function send(socket: RecordsSocket, frame: object): void {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > maxBuffered) socket.terminate();
  else socket.send(JSON.stringify(frame));
}
