import type { Escrow, JobResult } from '@fortfail/protocol';
import { type Change, systemContext } from '../changes/changes.ts';
import type { JobRow } from '../jobs/job-rows.ts';
import { openStatuses } from '../jobs/job-rows.ts';
import { repositoryReference } from '../jobs/order-job.ts';
import { goRounds } from '../replicas/rounds.ts';
import type { Services } from '../services.ts';
import { currentKit } from './recovery-kit.ts';

const everyMs = 15_000;
/** After a failure the next attempt waits, so that an agent whose policy says no is not asked every few seconds. */
const againAfterMs = 3_600_000;

type Needs = Pick<Services, 'database' | 'changes' | 'clock' | 'logger' | 'queue' | 'leader'>;
type EscrowResult = Extract<JobResult, { kind: 'escrow' }>;

/** Sees to it that each repository's password is sealed to the recovery key, as soon as its host names that key itself. */
export class EscrowWatch {
  readonly #services: Needs;

  constructor(services: Needs) {
    this.#services = services;
  }

  work(signal: AbortSignal): Promise<void> {
    return goRounds({ ...this.#services, everyMs, component: 'kit' }, signal, () => this.round());
  }

  /** Orders what is missing; answers how many. */
  async round(): Promise<number> {
    const { database, changes } = this.#services;
    const kit = await currentKit(database.read);
    if (kit === undefined) return 0;
    const missing = await database.read
      .selectFrom('repository')
      .innerJoin('agent', 'agent.id', 'repository.agent_id')
      .select('repository.id')
      .where('repository.status', '=', 'ready')
      .where('agent.status', '=', 'active')
      .where('agent.has_owner', '=', 1)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('escrow')
              .select('escrow.n')
              .whereRef('escrow.repository_id', '=', 'repository.id')
              .where('escrow.recipient', '=', kit.recipient),
          ),
        ),
      )
      .execute();
    let ordered = 0;
    for (const { id } of missing) ordered += await changes.run(systemContext, (change) => this.#order(change, id));
    return ordered;
  }

  async #order(change: Change, repositoryId: string): Promise<number> {
    const repository = await change.tx.selectFrom('repository').selectAll().where('id', '=', repositoryId).executeTakeFirstOrThrow();
    const since = new Date(Date.parse(change.now) - againAfterMs).toISOString();
    const recent = await change.tx
      .selectFrom('job')
      .select('id')
      .where('repository_id', '=', repositoryId)
      .where('kind', '=', 'escrow')
      .where((eb) => eb.or([eb('status', 'in', openStatuses), eb('queued_at', '>', since)]))
      .executeTakeFirst();
    if (recent !== undefined) return change.nothing(0);
    const last = await change.tx
      .selectFrom('escrow')
      .select((eb) => eb.fn.max('n').as('n'))
      .where('repository_id', '=', repositoryId)
      .executeTakeFirst();
    await this.#services.queue.enqueue(change, {
      kind: 'escrow',
      agentId: repository.agent_id,
      repositoryId,
      cause: 'schedule',
      payload: { kind: 'escrow', repository: repositoryReference(repository), n: (last?.n ?? 0) + 1 },
    });
    return 1;
  }
}

/** Keeps what an agent sealed. One to another recipient than the kit in force is kept too: an older paper opens it. */
export async function recordEscrow(change: Change, job: JobRow, result: EscrowResult): Promise<void> {
  if (job.repository_id === null) return;
  const payload = JSON.parse(job.payload) as { readonly n: number };
  await change.tx
    .insertInto('escrow')
    .values({
      repository_id: job.repository_id,
      n: payload.n,
      recipient: result.recipient,
      sealed: result.sealed,
      key_id: result.keyId,
      places: JSON.stringify([...result.places, 'site']),
      created_at: change.now,
    })
    .onConflict((conflict) => conflict.columns(['repository_id', 'n']).doNothing())
    .execute();
  change.audit({
    action: 'escrow.record',
    object: { kind: 'repository', id: job.repository_id },
    detail: { recipient: result.recipient, key: result.keyId, n: payload.n },
  });
  change.event('kit', job.repository_id);
}

/** Sealed passwords, in the order of repositories. */
export async function listEscrows(services: Pick<Services, 'database'>): Promise<Escrow[]> {
  const rows = await services.database.read
    .selectFrom('escrow')
    .innerJoin('repository', 'repository.id', 'escrow.repository_id')
    .selectAll('escrow')
    .select(['repository.name', 'repository.agent_id'])
    .orderBy('repository.name')
    .orderBy('escrow.n')
    .execute();
  return rows.map((row) => ({
    repositoryId: row.repository_id,
    repositoryName: row.name,
    agentId: row.agent_id,
    n: row.n,
    recipient: row.recipient,
    sealed: row.sealed,
    places: JSON.parse(row.places) as string[],
    createdAt: row.created_at,
  }));
}
