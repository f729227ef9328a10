import { FortFailError } from '@fortfail/base';
import type { grantDraft, JobPayload, RepositoryGrant } from '@fortfail/protocol';
import type { z } from 'zod';
import type { Change } from '../changes/changes.ts';
import type { RepositoryGrantTable, RepositoryTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import type { JobOutcome } from '../jobs/job-outcome.ts';
import { type JobRow, openStatuses } from '../jobs/job-rows.ts';
import { repositoryReference } from '../jobs/order-job.ts';
import { currentRoster } from '../kit/recovery-kit.ts';
import type { Services } from '../services.ts';

type GrantDraft = z.output<typeof grantDraft>;
type GrantSlot = Extract<JobPayload, { kind: 'grant-slot' }>;

/**
 * Asks the owner of a repository to make a key slot for another agent. The owner's host decides: by card and order that an
 * admin of the roster signed, or by somebody's consent on the host itself. Asked again, the same order goes out once more, so
 * that a consent given meanwhile fits to it. Throws `conflict` or `invalid-input` for what cannot be asked.
 */
export async function askGrant(
  services: Pick<Services, 'queue'>,
  change: Change,
  draft: GrantDraft,
  repository: RepositoryTable,
): Promise<RepositoryGrantTable> {
  const payload = await grantPayload(change, draft, repository);
  const known = await change.tx
    .selectFrom('repository_grant')
    .selectAll()
    .where('repository_id', '=', repository.id)
    .where('to_agent_id', '=', draft.toAgentId)
    .executeTakeFirst();
  if (known?.status === 'accepted') {
    throw new FortFailError({
      kind: 'conflict',
      code: 'grant-exists',
      message: `unable to grant repository '${repository.name}' once more, that host has a key slot already`,
    });
  }
  const id = known?.id ?? newId('grt');
  const same = known !== undefined && known.status !== 'refused' && isSame(JSON.parse(known.payload) as GrantSlot, payload);
  const order: GrantSlot = same ? (JSON.parse(known.payload) as GrantSlot) : { ...payload, grantId: id };
  if (known?.job_id !== undefined && known.job_id !== null && (await isOpen(change, known.job_id))) throw underWay(repository);
  const job = await services.queue.enqueue(change, {
    kind: 'grant-slot',
    agentId: repository.agent_id,
    repositoryId: repository.id,
    cause: 'person',
    payload: order,
  });
  const row: RepositoryGrantTable = {
    id,
    repository_id: repository.id,
    from_agent_id: repository.agent_id,
    to_agent_id: draft.toAgentId,
    status: 'asked',
    sentence: `${payload.to.hostname} is to get a key slot; the owner's host makes it.`,
    payload: JSON.stringify(order),
    sealed: null,
    job_id: job.id,
    created_at: known?.created_at ?? change.now,
    accepted_at: null,
  };
  await change.tx
    .insertInto('repository_grant')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
  change.audit({
    action: 'grant.ask',
    object: { kind: 'repository', id: repository.id },
    detail: { grant: id, to: draft.toAgentId, signed: payload.order !== null },
  });
  change.event('grant', id);
  return row;
}

async function grantPayload(change: Change, draft: GrantDraft, repository: RepositoryTable): Promise<GrantSlot> {
  const to = await change.tx.selectFrom('agent').selectAll().where('id', '=', draft.toAgentId).executeTakeFirst();
  if (to === undefined || to.status === 'revoked')
    throw new FortFailError({ kind: 'not-found', code: 'no-such-agent', message: `unable to find agent '${draft.toAgentId}'` });
  if (to.id === repository.agent_id)
    throw new FortFailError({
      kind: 'conflict',
      code: 'grant-own',
      message: `unable to grant a repository to the host that it belongs to`,
    });
  if (to.sealing === null || to.signing === null || to.identity === null) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'grant-no-keys',
      message: `unable to grant anything to '${to.hostname}', it has no keys of its own yet`,
      hint: 'Start its agent once, or enrol it: `fortfail agent enrol`.',
    });
  }
  if ((draft.card === null) !== (draft.order === null))
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'grant-half',
      message: 'unable to accept a card without an order, or an order without a card',
    });
  return {
    kind: 'grant-slot',
    repository: repositoryReference(repository),
    grantId: '',
    to: { agentId: to.id, hostname: to.hostname, identity: to.identity, sealing: to.sealing, signing: to.signing },
    card: draft.card,
    order: draft.order,
    roster: draft.order === null ? null : await currentRoster(change.tx),
  };
}

function isSame(known: GrantSlot, asked: GrantSlot): boolean {
  return JSON.stringify({ ...known, grantId: '' }) === JSON.stringify(asked);
}

async function isOpen(change: Change, jobId: string): Promise<boolean> {
  const job = await change.tx.selectFrom('job').select('id').where('id', '=', jobId).where('status', 'in', openStatuses).executeTakeFirst();
  return job !== undefined;
}

function underWay(repository: RepositoryTable): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'grant-under-way',
    message: `unable to ask for a key slot of '${repository.name}' twice at once`,
  });
}

/** What the end of a grant's job means for it. */
export async function endGrant(change: Change, job: JobRow, outcome: JobOutcome): Promise<void> {
  const { grantId } = JSON.parse(job.payload) as { readonly grantId: string };
  const grant = await change.tx.selectFrom('repository_grant').selectAll().where('id', '=', grantId).executeTakeFirst();
  if (grant === undefined || grant.job_id !== job.id) return;
  const { result } = outcome;
  if (outcome.status === 'succeeded' && result?.kind === 'grant-slot') {
    await set(
      change,
      grant,
      { status: 'sealed', sealed: result.sealed, sentence: 'The key slot is made, and on its way.' },
      { key: result.keyId },
    );
  } else if (outcome.status === 'succeeded' && result?.kind === 'accept-slot') {
    // What was carried is of no use any more, to anybody.
    await set(
      change,
      grant,
      { status: 'accepted', sealed: null, accepted_at: change.now, sentence: 'The host has its own key slot.' },
      { key: result.keyId },
    );
  } else {
    const { message, hint, code } = outcome.error ?? { message: outcome.summary, hint: undefined, code: 'failed' };
    const status = code === 'consent-needed' ? 'asked' : 'refused';
    await set(change, grant, { status, sentence: hint === undefined ? `${message}.` : `${message}. ${hint}` }, { error: code });
  }
}

async function set(
  change: Change,
  grant: RepositoryGrantTable,
  values: Partial<RepositoryGrantTable>,
  detail: Record<string, string>,
): Promise<void> {
  await change.tx.updateTable('repository_grant').set(values).where('id', '=', grant.id).execute();
  change.audit({
    action: `grant.${values.status}`,
    object: { kind: 'repository', id: grant.repository_id },
    detail: { grant: grant.id, to: grant.to_agent_id, ...detail },
  });
  change.event('grant', grant.id);
}

/** Orders the other half of a grant: the host it is for takes the slot and opens the repository with it. Undefined when it is under way. */
export async function orderAcceptance(services: Pick<Services, 'queue'>, change: Change, grantId: string): Promise<JobRow | undefined> {
  const grant = await change.tx.selectFrom('repository_grant').selectAll().where('id', '=', grantId).executeTakeFirst();
  if (grant === undefined || grant.status !== 'sealed' || grant.sealed === null) return undefined;
  const current =
    grant.job_id === null ? undefined : await change.tx.selectFrom('job').select('kind').where('id', '=', grant.job_id).executeTakeFirst();
  if (current?.kind === 'accept-slot') return undefined;
  const repository = await change.tx.selectFrom('repository').selectAll().where('id', '=', grant.repository_id).executeTakeFirstOrThrow();
  const job = await services.queue.enqueue(change, {
    kind: 'accept-slot',
    agentId: grant.to_agent_id,
    repositoryId: repository.id,
    cause: 'person',
    payload: {
      kind: 'accept-slot',
      repository: repositoryReference(repository),
      grantId: grant.id,
      from: grant.from_agent_id,
      sealed: grant.sealed,
    },
  });
  await change.tx.updateTable('repository_grant').set({ job_id: job.id }).where('id', '=', grant.id).execute();
  return job;
}

/** As the API tells it. */
export function toGrant(row: RepositoryGrantTable, repositoryName: string): RepositoryGrant {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    repositoryName,
    fromAgentId: row.from_agent_id,
    toAgentId: row.to_agent_id,
    status: row.status as RepositoryGrant['status'],
    sentence: row.sentence,
    jobId: row.job_id,
    createdAt: row.created_at,
    acceptedAt: row.accepted_at,
  };
}
