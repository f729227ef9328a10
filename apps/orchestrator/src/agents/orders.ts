import { createHash } from 'node:crypto';
import type { Clock } from '@fortfail/base';
import type { JobOrder, JobPayload, PlanOrder } from '@fortfail/protocol';
import { type SigningKey, signOrder } from '@fortfail/trust';
import type { Database, Reader } from '../database/database.ts';
import { repositoryReference } from '../jobs/order-job.ts';
import { toPlan } from '../plans/plan-rows.ts';

/** How long an order may be under way. That it is no old one is known by its number, so hosts with wrong clocks get along. */
const orderSeconds = 3600;

export interface OrdersParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly siteId: string;
  readonly linkKey: SigningKey;
}

/** What is ordered, and under which number. */
export interface OrderedJob {
  readonly jobId: string;
  readonly fence: number;
  readonly payload: JobPayload;
  readonly n: number;
}

/** Signs what agents are to do, so that whoever stands between them and this site cannot have them do anything else. */
export class Orders {
  readonly #parts: OrdersParts;

  constructor(parts: OrdersParts) {
    this.#parts = parts;
  }

  /** A JWS of the protocol's `jobOrder`. */
  async job(agentId: string, { jobId, fence, payload, n }: OrderedJob): Promise<string> {
    const iat = this.#seconds();
    const order: JobOrder = {
      iss: this.#parts.siteId,
      aud: agentId,
      jti: jobId,
      n,
      kind: payload.kind,
      payload,
      fence,
      iat,
      exp: iat + orderSeconds,
    };
    return signOrder(this.#parts.linkKey, order);
  }

  /**
   * The agent's plans of this moment as a JWS of the protocol's `planOrder`, and what they can be told apart by. Their
   * serial grows with each change; it is taken from the clock, so that it also grows when the site was set back.
   */
  async plans(agentId: string): Promise<{ order: string; digest: string }> {
    const { database, siteId, linkKey } = this.#parts;
    const plans = await plansOf(database.read, agentId);
    const digest = createHash('sha256').update(JSON.stringify(plans)).digest('hex');
    const iat = this.#seconds();
    const serial = await database.transaction(async (tx) => {
      const row = await tx.selectFrom('agent').select(['plan_serial', 'plan_digest']).where('id', '=', agentId).executeTakeFirstOrThrow();
      if (row.plan_digest === digest) return row.plan_serial;
      const next = Math.max(row.plan_serial + 1, iat);
      await tx.updateTable('agent').set({ plan_serial: next, plan_digest: digest }).where('id', '=', agentId).execute();
      return next;
    });
    const order: PlanOrder = { iss: siteId, aud: agentId, serial, plans, iat };
    return { order: await signOrder(linkKey, order), digest };
  }

  #seconds(): number {
    return Math.floor(this.#parts.clock.now().getTime() / 1000);
  }
}

async function plansOf(reader: Reader, agentId: string): Promise<PlanOrder['plans']> {
  const rows = await reader
    .selectFrom('plan')
    .selectAll()
    .where('agent_id', '=', agentId)
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .execute();
  const repositories = await reader.selectFrom('repository').selectAll().where('agent_id', '=', agentId).execute();
  return rows.flatMap((row) => {
    const repository = repositories.find(({ id }) => id === row.repository_id);
    return repository === undefined ? [] : [{ plan: toPlan(row), repository: repositoryReference(repository) }];
  });
}
