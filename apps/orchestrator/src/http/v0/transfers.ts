import '@fastify/multipart';
import { Readable } from 'node:stream';
import { type Clock, FortFailError } from '@fortfail/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { nameOf } from '../../first-api/caller.ts';
import { refuse } from '../../first-api/refusal.ts';
import { maxObjectBytes } from './bodies.ts';
import { contextOf, type Known, type V0Services } from './callers.ts';

/** A form has little besides its file. */
const formBytes = 1 << 20;
/** Nobody holds a connection without a byte on it for longer. */
const idleMs = 30_000;

/** Takes an object out of a form, straight to where it is kept: it is never in memory as a whole. */
export async function upload(services: V0Services, request: FastifyRequest, known: Known, id: string): Promise<object> {
  const { firstApi, clock } = services;
  const lengthBytes = Number(request.headers['content-length'] ?? 0);
  if (lengthBytes > maxObjectBytes + formBytes) throw refuse(413, 'object-too-large', 'Object is larger than 10 GiB');
  const row = await firstApi.snapshots.forUpload(known.caller, id);
  if (lengthBytes > row.size_bytes + formBytes)
    throw refuse(413, 'object-too-long', `Object is larger than the ${row.size_bytes} bytes that were registered`);
  using _slot = firstApi.limits.transfer(nameOf(known.caller));
  using _watch = watchIdle(clock, request);
  let isTaken = false;
  for await (const part of request.parts()) {
    if (part.type !== 'file') continue;
    if (part.fieldname !== 'file' || isTaken) throw refuse(422, 'no-file', 'The object must be in the field file');
    await firstApi.snapshots.upload(known.caller, id, part.file, contextOf(request, known.principal));
    isTaken = true;
  }
  if (!isTaken) throw refuse(422, 'no-file', 'The object must be in the field file');
  return { status: 'uploaded', snapshot_id: id };
}

/** Gives an object back as a download. Its last bytes leave only when all of them were right. */
export async function download(
  services: V0Services,
  request: FastifyRequest,
  reply: FastifyReply,
  known: Known,
  id: string,
): Promise<FastifyReply> {
  const { firstApi, clock, changes, logger } = services;
  const slot = firstApi.limits.transfer(nameOf(known.caller));
  try {
    const { sizeBytes, body, checksum } = await firstApi.snapshots.download(known.caller, id);
    await changes.run(contextOf(request, known.principal), async (change) =>
      change.audit({ chain: 'access', action: 'snapshot_downloaded', object: { kind: 'snapshot', id }, detail: { snapshot_id: id } }),
    );
    const watch = watchIdle(clock, request);
    const stream = Readable.from(body, { objectMode: false });
    stream.once('error', (err) => logger.error({ component: 'first-api', err }, 'a download broke off'));
    stream.once('close', () => {
      watch[Symbol.dispose]();
      slot[Symbol.dispose]();
    });
    return reply
      .header('content-length', sizeBytes)
      .header('content-disposition', attachment(id))
      .header('content-security-policy', "default-src 'none'; sandbox")
      .header('cache-control', 'no-store')
      .header('repr-digest', `sha-256=:${Buffer.from(checksum, 'hex').toString('base64')}:`)
      .type('application/octet-stream')
      .send(stream);
  } catch (error) {
    slot[Symbol.dispose]();
    throw error;
  }
}

/** `<id>.tar`, in a header that whatever stands in an id cannot break. */
function attachment(id: string): string {
  const plain = `${id}.tar`.replaceAll(/[^A-Za-z0-9._-]/g, '_');
  const encoded = encodeURIComponent(`${id}.tar`).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** Ends a connection on which no byte moved for half a minute, in either direction. */
function watchIdle(clock: Clock, request: FastifyRequest): Disposable {
  const stop = new AbortController();
  const { socket } = request.raw;
  const moved = (): number => (socket.bytesRead ?? 0) + (socket.bytesWritten ?? 0);
  const watch = async (): Promise<void> => {
    for (let last = moved(); ; last = moved()) {
      await clock.sleep(idleMs, stop.signal).catch(() => undefined);
      if (stop.signal.aborted) return;
      if (moved() > last) continue;
      const message = `unable to go on, nothing came for ${idleMs / 1000} s`;
      socket.destroy(new FortFailError({ kind: 'cancelled', code: 'idle', message }));
      return;
    }
  };
  void watch();
  return { [Symbol.dispose]: () => stop.abort() };
}
