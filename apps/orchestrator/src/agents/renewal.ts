import { createHash } from 'node:crypto';
import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Renewal, RenewalRequest } from '@fortfail/protocol';
import { readCsr } from '@fortfail/trust/certificates';
import { z } from 'zod';
import type { Change, ChangeContext } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';
import type { Services } from '../services.ts';
import { requireStanding, unknownAgent } from './agent-proofs.ts';
import { toEnrolment } from './enrolment.ts';
import { certificateDays } from './join-strings.ts';
import { holdAgent } from './standing.ts';

const remembered = z.object({ requestId: z.string(), csr: z.string(), generation: z.int(), certificate: z.string() });

interface Issued {
  readonly certificate: string;
  readonly until: string;
  readonly thumbprint: string;
  readonly csr: string;
}

/**
 * Issues a new certificate, also over a new key, since the request was proven by the old one. The agent names the generation
 * that it has: another than the site's means that a copy of it renewed before, so both are held. The same request again gets
 * the same answer. Throws `conflict` for another generation, `denied` by its standing.
 */
export async function renew(services: Services, context: ChangeContext, agentId: string, request: RenewalRequest): Promise<Renewal> {
  const { thumbprint } = await readCsr(request.csr);
  const { certificate, until } = await services.authority.issueForAgent(request.csr, agentId, certificateDays);
  const csr = createHash('sha256').update(request.csr).digest('base64url');
  const issued: Issued = { certificate, until, thumbprint, csr };
  const outcome = await inOne(services, context, agentId, request, issued);
  if (outcome instanceof FortFailError) throw outcome;
  const { ca, linkKeys, generation, roster, certificate: given } = await toEnrolment(services, outcome.row, outcome.certificate);
  return { certificate: given, ca, linkKeys, generation, roster };
}

type Outcome = FortFailError | { readonly row: AgentTable; readonly certificate: string };

/** What holds the agent is committed and then answered, so it comes back as a value. */
async function inOne(
  services: Services,
  context: ChangeContext,
  agentId: string,
  request: RenewalRequest,
  issued: Issued,
): Promise<Outcome> {
  try {
    return await services.changes.run(context, async (change): Promise<Outcome> => {
      const row = await lock(change, agentId);
      if (row === undefined) throw unknownAgent();
      requireStanding(row, new Date(change.now), 'renew');
      const last = row.last_renewal === null ? undefined : remembered.parse(JSON.parse(row.last_renewal));
      if (last?.requestId === request.requestId && last.csr === issued.csr && last.generation === row.generation)
        return change.nothing({ row, certificate: last.certificate });
      if (request.generation !== row.generation && row.resync === 0) return mismatch(change, row, request.generation);
      return { row: await store(change, row, request, issued), certificate: issued.certificate };
    });
  } catch (error) {
    if (!isFortFailError(error, 'conflict')) throw error;
    throw new FortFailError({
      kind: 'conflict',
      code: 'identity-known',
      message: 'unable to renew with this identity key, another agent has it',
      cause: error,
    });
  }
}

async function lock(change: Change, agentId: string): Promise<AgentTable | undefined> {
  return change.tx.updateTable('agent').set({ last_seen_at: change.now }).where('id', '=', agentId).returningAll().executeTakeFirst();
}

async function mismatch(change: Change, row: AgentTable, generation: number): Promise<FortFailError> {
  const reason = `Its certificate was to be renewed from number ${generation}, but the site has issued number ${row.generation}: a copy of it exists, or its machine was set back.`;
  await holdAgent(change, row.id, { reason, alert: 'agent-held' });
  return new FortFailError({
    kind: 'conflict',
    code: 'agent-held',
    message: `unable to renew this agent: ${reason}`,
    hint: 'Somebody has to look at it in the console: keep, split or accept-rollback.',
  });
}

async function store(change: Change, row: AgentTable, request: RenewalRequest, issued: Issued): Promise<AgentTable> {
  const generation = row.generation + 1;
  const isNewKey = row.identity !== issued.thumbprint;
  const memory: z.infer<typeof remembered> = {
    requestId: request.requestId,
    csr: issued.csr,
    generation,
    certificate: issued.certificate,
  };
  const renewed = await change.tx
    .updateTable('agent')
    .set({
      generation,
      resync: 0,
      certificate_until: issued.until,
      last_renewal: JSON.stringify(memory),
      // Until the new key was used, the old one may ask again, as after a lost answer.
      ...(isNewKey ? { identity: issued.thumbprint, previous_identity: row.identity } : {}),
    })
    .where('id', '=', row.id)
    .where('generation', '=', row.generation)
    .returningAll()
    .executeTakeFirstOrThrow();
  change.audit({
    action: 'agent.renew',
    object: { kind: 'agent', id: row.id },
    detail: { generation, until: issued.until, key: isNewKey ? 'new' : 'same' },
  });
  change.event('agent', row.id);
  return renewed;
}
