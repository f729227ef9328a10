import { FortFailError, isFortFailError } from '@fortfail/base';
import type { Enrolment, EnrolmentRequest } from '@fortfail/protocol';
import { parseSshPublicKey } from '@fortfail/trust';
import { readCsr } from '@fortfail/trust/certificates';
import type { ChangeContext } from '../changes/changes.ts';
import type { AgentTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { currentRoster } from '../kit/recovery-kit.ts';
import type { Services } from '../services.ts';
import { checkSealing } from './agent-facts.ts';
import { freshAgent } from './agent-rows.ts';
import { badToken, findToken, noteSecondUse, useToken } from './join-strings.ts';

/**
 * Makes an agent of whoever shows an unused token and a request by a key of its own. What the request says of names is
 * ignored. The same key with the same token again, as after a lost answer, gets the same agent. Throws `denied` for a token
 * that does not hold, `invalid-input` for keys that are none.
 */
export async function enrol(services: Services, context: ChangeContext, request: EnrolmentRequest): Promise<Enrolment> {
  checkSealing(request.sealing);
  parseSshPublicKey(request.signing);
  const { thumbprint } = await readCsr(request.csr);
  const token = await findToken(services.database.read, request.token);
  if (token === undefined) throw badToken();
  const now = services.clock.now().toISOString();
  if (token.used_at !== null) return repeat(services, context, request, thumbprint);
  if (token.expires_at <= now) throw badToken();
  const agentId = newId('agt');
  // Before the transaction, which must not wait for anything but the database.
  const issued = await services.authority.issueForAgent(request.csr, agentId, token.days);
  const row = newAgent(agentId, request, { identity: thumbprint, now, until: issued.until });
  const isMade = await insert(services, context, request, row);
  if (!isMade) return repeat(services, context, request, thumbprint);
  return toEnrolment(services, row, issued.certificate);
}

async function insert(services: Services, context: ChangeContext, request: EnrolmentRequest, row: AgentTable): Promise<boolean> {
  try {
    return await services.changes.run(context, async (change) => {
      await change.tx.insertInto('agent').values(row).execute();
      if (!(await useToken(change, request.token, request.hostname, row.id))) throw badToken();
      change.audit({
        action: 'agent.enrol',
        object: { kind: 'agent', id: row.id },
        detail: { hostname: row.hostname, version: row.version },
      });
      change.event('agent', row.id);
      return true;
    });
  } catch (error) {
    if (isFortFailError(error, 'denied')) {
      const token = await findToken(services.database.read, request.token);
      // Two came at once, and the other one was faster.
      if (token?.used_at !== null && token !== undefined) return false;
    }
    if (isFortFailError(error, 'conflict')) throw keyKnown(error);
    throw error;
  }
}

/** A used token came again: its own agent that did not hear the answer, or a thief of one of the two. */
async function repeat(services: Services, context: ChangeContext, request: EnrolmentRequest, thumbprint: string): Promise<Enrolment> {
  const { database, changes, authority } = services;
  const token = await findToken(database.read, request.token);
  if (token === undefined || token.agent_id === null) throw badToken();
  const row = await database.read.selectFrom('agent').selectAll().where('id', '=', token.agent_id).executeTakeFirst();
  const isItself = row?.identity === thumbprint && row.generation === 1 && row.status === 'active';
  if (isItself && token.expires_at > services.clock.now().toISOString()) {
    const { certificate } = await authority.issueForAgent(request.csr, row.id, token.days);
    return toEnrolment(services, row, certificate);
  }
  await changes.run(context, (change) => noteSecondUse(change, token, request.hostname));
  throw badToken();
}

function newAgent(
  id: string,
  request: EnrolmentRequest,
  facts: { readonly identity: string; readonly now: string; readonly until: string },
): AgentTable {
  return {
    id,
    hostname: request.hostname,
    kind: 'remote',
    version: request.version,
    restore_root: null,
    is_root: 0,
    last_seen_at: facts.now,
    created_at: facts.now,
    home: null,
    ...freshAgent,
    generation: 1,
    reason: null,
    machine: request.machine,
    seen_machine: null,
    instance: null,
    held_instance: null,
    identity: facts.identity,
    previous_identity: null,
    sealing: request.sealing,
    signing: request.signing,
    certificate_until: facts.until,
    policy_digest: null,
    plan_digest: null,
    last_renewal: null,
  };
}

/** What an agent has to know of its site. */
export async function toEnrolment(services: Services, row: AgentTable, certificate: string): Promise<Enrolment> {
  const { site, keys, exposure } = services;
  return {
    agentId: row.id,
    site: { id: site.id, name: site.name },
    status: row.status as Enrolment['status'],
    certificate,
    ca: exposure.siteDoor()?.ca ?? null,
    linkKeys: keys.linkLines(),
    generation: row.generation,
    roster: await currentRoster(services.database.read),
  };
}

function keyKnown(cause: unknown): FortFailError {
  return new FortFailError({
    kind: 'conflict',
    code: 'identity-known',
    message: 'unable to enrol with this identity key, another agent has it',
    hint: 'Make new keys on this host: `fortfail agent enrol --replace`.',
    cause,
  });
}
