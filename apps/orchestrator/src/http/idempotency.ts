import { createHash } from 'node:crypto';
import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Action, Route } from '@fortfail/protocol';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.ts';
import type { Services } from '../services.ts';
import { HttpRefusal } from './problems.ts';

const keptMs = 24 * 3_600_000;
/** After this a request that never finished counts as lost with its process. */
const abandonedMs = 60_000;
const underWay = 0;
/** Answers with a cookie, a link, a token, a join string, or with names and bytes of files: none is ever stored. */
const unkept: ReadonlySet<Action> = new Set<Action>(['public', 'self', 'edit-self', 'make-link', 'edit-person', 'enrol', 'see-file-names']);

/** Whether a route's answer is stored under the caller's key. Such an answer must never hold a secret. */
export function isKept({ method, action }: Route): boolean {
  return method === 'POST' && !unkept.has(action);
}

interface Exchange {
  readonly route: Route;
  readonly request: FastifyRequest;
  readonly principal: Principal;
}

/**
 * With `Idempotency-Key` on a POST: the same request again within 24 h gets the first one's answer and does nothing. The
 * key belongs to the caller; with another body it is refused.
 */
export async function withIdempotency<R extends object>(
  services: Services,
  exchange: Exchange,
  work: () => Promise<R>,
): Promise<R & { isReplayed?: boolean }> {
  const key = keyOf(exchange);
  if (key === undefined) return work();
  const slot = { principal: exchange.principal.id, key, requestHash: hashOf(exchange.request) };
  const stored = await claim(services, slot);
  if (stored !== undefined) return { ...(JSON.parse(stored) as R), isReplayed: true };
  try {
    const result = await work();
    await update(services, slot, JSON.stringify(result), exchange.route.status ?? 200);
    return result;
  } catch (error) {
    await release(services, slot);
    throw error;
  }
}

interface Slot {
  readonly principal: string;
  readonly key: string;
  readonly requestHash: string;
}

function keyOf({ route, request }: Exchange): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined || !isKept(route)) return undefined;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,200}$/.test(key)) return key;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'idempotency-key',
    message: 'unable to accept Idempotency-Key, it must be 1 to 200 visible characters',
  });
}

function hashOf(request: FastifyRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([request.method, request.url, request.body ?? null]))
    .digest('hex');
}

/** The stored answer of the same request, or undefined when it is now the caller's to do. */
async function claim(services: Services, slot: Slot): Promise<string | undefined> {
  const now = services.clock.now();
  const before = (ms: number) => new Date(now.getTime() - ms).toISOString();
  try {
    await services.database.transaction(async (tx) => {
      await tx.deleteFrom('idempotency').where('created_at', '<', before(keptMs)).execute();
      await tx.deleteFrom('idempotency').where('status', '=', underWay).where('created_at', '<', before(abandonedMs)).execute();
      await tx
        .insertInto('idempotency')
        .values({
          principal: slot.principal,
          key: slot.key,
          request_hash: slot.requestHash,
          status: underWay,
          answer: '',
          created_at: now.toISOString(),
        })
        .execute();
    });
    return undefined;
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
  }
  const row = await services.database.read
    .selectFrom('idempotency')
    .selectAll()
    .where('principal', '=', slot.principal)
    .where('key', '=', slot.key)
    .executeTakeFirst();
  if (row !== undefined && row.request_hash !== slot.requestHash) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'idempotency-key-reused',
      message: 'unable to accept this Idempotency-Key, it was used for another request',
    });
  }
  if (row === undefined || row.status === underWay) {
    throw new HttpRefusal(
      409,
      { kind: 'conflict', code: 'request-under-way', message: 'unable to answer yet, the same request is being worked on' },
      1,
    );
  }
  return row.answer;
}

async function update(services: Services, slot: Slot, answer: string, status: number): Promise<void> {
  await services.database.transaction((tx) =>
    tx.updateTable('idempotency').set({ answer, status }).where('principal', '=', slot.principal).where('key', '=', slot.key).execute(),
  );
}

async function release(services: Services, slot: Slot): Promise<void> {
  await services.database.transaction((tx) =>
    tx
      .deleteFrom('idempotency')
      .where('principal', '=', slot.principal)
      .where('key', '=', slot.key)
      .where('status', '=', underWay)
      .execute(),
  );
}
