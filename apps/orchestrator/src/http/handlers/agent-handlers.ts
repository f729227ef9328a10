import { FortFailError, isFortFailError } from '@fortfail/base';
import { parseSshPublicKey, sshFingerprint } from '@fortfail/trust';
import { AddressLimit } from '../../agents/address-limit.ts';
import { unknownAgent } from '../../agents/agent-proofs.ts';
import { agentFacts, toAgent } from '../../agents/agent-rows.ts';
import { enrol } from '../../agents/enrolment.ts';
import { createJoinString } from '../../agents/join-strings.ts';
import { renew } from '../../agents/renewal.ts';
import { decide } from '../../agents/standing.ts';
import type { AgentTable } from '../../database/tables.ts';
import { openStatuses } from '../../jobs/job-rows.ts';
import { currentKit } from '../../kit/recovery-kit.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { decodeCursor, toPage } from '../cursors.ts';

type AgentRoutes = 'listAgents' | 'getAgent' | 'decideAgent' | 'createJoinString' | 'enrol' | 'renewAgent' | 'getExposure' | 'expose';

const failuresPerMinute = 20;

export function agentHandlers(services: Services): Pick<Handlers, AgentRoutes> {
  const limit = new AddressLimit(services.clock, failuresPerMinute);
  return {
    createJoinString: (call) => makeJoinString(services, call),
    enrol: async (call) => {
      limit.check(call.address);
      try {
        return { body: await enrol(services, call.context, call.body) };
      } catch (error) {
        limit.failed(call.address);
        throw error;
      }
    },
    renewAgent: async (call) => {
      if (call.principal.kind !== 'agent') throw unknownAgent();
      return { body: await renew(services, call.context, call.principal.agentId, call.body) };
    },
    decideAgent: (call) => decideAgent(services, call),
    getExposure: async () => ({ body: services.exposure.answer() }),
    expose: async (call) => {
      const body = await services.exposure.expose(call.body);
      const { names, port, authority } = body;
      await services.changes.run(call.context, async (change) => {
        change.audit({ action: 'site.expose', object: { kind: 'site', id: services.site.id }, detail: { names, port, authority } });
      });
      return { body };
    },
    listAgents: (call) => listAgents(services, call),
    getAgent: async (call) => {
      const row = await loadAgent(services, call.id('agentId'));
      call.check({ kind: 'agent', agentId: row.id });
      return { body: toAgent(row, (await factsOf(services))(row.id)) };
    },
  };
}

async function makeJoinString(services: Services, call: Call<'createJoinString'>): ReturnType<Handlers['createJoinString']> {
  // What is carried by hand needs no way to this site.
  const nowhere = { url: services.addresses().url, pin: 'system', ca: null };
  const door = services.exposure.siteDoor() ?? (call.body.airGap ? nowhere : undefined);
  if (door === undefined) {
    throw new FortFailError({
      kind: 'conflict',
      code: 'not-exposed',
      message: 'unable to make a join string, other hosts cannot reach this site',
      hint: 'Run `fortfail expose --name HOST` on this machine, with a name that other hosts know it by.',
    });
  }
  // Enrolled hosts get certificates, also behind a proxy that ends TLS.
  await services.authority.ensure();
  const found = await currentKit(services.database.read);
  // A kit that nobody confirmed may still be replaced, and hosts would believe the old one for ever.
  const kit = found?.confirmed_at == null ? undefined : found;
  const owner = kit === undefined ? undefined : sshFingerprint(parseSshPublicKey(kit.owner));
  const facts = { door, owner, recovery: kit?.recipient };
  return { body: await services.changes.run(call.context, (change) => createJoinString(change, call.body, facts, call.principal.id)) };
}

async function decideAgent(services: Services, call: Call<'decideAgent'>): ReturnType<Handlers['decideAgent']> {
  const { decision } = call.body;
  const row = await loadAgent(services, call.id('agentId'));
  call.check({ kind: 'agent', agentId: row.id });
  const decided = await services.changes.run(call.context, (change) => decide(change, row, decision));
  if (decision === 'revoke') await cancelJobs(services, call, row.id);
  return { body: toAgent(decided, (await factsOf(services))(row.id)) };
}

/** Nobody is left to do them. */
async function cancelJobs(services: Services, call: Call<'decideAgent'>, agentId: string): Promise<void> {
  const open = await services.database.read
    .selectFrom('job')
    .select('id')
    .where('agent_id', '=', agentId)
    .where('status', 'in', openStatuses)
    .execute();
  for (const { id } of open) {
    await services.queue.cancel(call.context, id, 'its agent was revoked').catch((error: unknown) => {
      // One that ended meanwhile needs no stop.
      if (!isFortFailError(error, 'conflict')) throw error;
    });
  }
}

async function listAgents(services: Services, call: Call<'listAgents'>): ReturnType<Handlers['listAgents']> {
  const { limit } = call.query;
  const position = decodeCursor(call.query.cursor);
  let query = services.database.read
    .selectFrom('agent')
    .selectAll()
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit + 1);
  if (position !== undefined)
    query = query.where((eb) =>
      eb.or([eb('created_at', '>', position.at), eb.and([eb('created_at', '=', position.at), eb('id', '>', position.id)])]),
    );
  const rows = await query.execute();
  const facts = await factsOf(services);
  return {
    body: toPage(
      rows,
      limit,
      (row) => ({ at: row.created_at, id: row.id }),
      (row) => call.sees({ kind: 'agent', agentId: row.id }),
      (row) => toAgent(row, facts(row.id)),
    ),
  };
}

function factsOf({ database, hub }: Services): ReturnType<typeof agentFacts> {
  return agentFacts(database.read, (agentId) => hub.isConnected(agentId));
}

/** Throws `not-found`. */
async function loadAgent({ database }: Services, id: string): Promise<AgentTable> {
  const row = await database.read.selectFrom('agent').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return row;
  throw new FortFailError({ kind: 'not-found', code: 'no-such-agent', message: `unable to find agent '${id}'` });
}
