import type { Agent, AgentDecision, ApiToken, AuditRecord, Person } from '@fortfail/protocol';
import { kitIdOf, parseSshPublicKey, readRoster, sshFingerprint } from '@fortfail/trust';
import type { Call, Handlers } from './handlers.ts';
import { missing, Refusal } from './refusal.ts';
import { evidenceOf } from './site-world.ts';
import { idOf, iso, MINUTE, type World } from './world.ts';

const pageOf = <T>(items: readonly T[], { cursor, limit }: { cursor?: string | undefined; limit?: unknown }) => {
  const from = Number(cursor ?? 0);
  const to = from + Number(limit ?? 50);
  return { items: items.slice(from, to), nextCursor: to < items.length ? String(to) : null };
};

const agentOf = (world: World, id: string | undefined): Agent => {
  const agent = world.agents.find((each) => each.id === id);
  if (!agent) throw missing('agent', id ?? '');
  return agent;
};

const after: Record<AgentDecision, Agent['status']> = {
  approve: 'active',
  hold: 'held',
  keep: 'active',
  split: 'active',
  'accept-rollback': 'active',
  revoke: 'revoked',
};

const decideAgent = ({ world, path, body, changed }: Call<'decideAgent'>): Agent => {
  const agent = agentOf(world, path.agentId);
  if (agent.kind === 'resident' && body.decision === 'revoke')
    throw new Refusal(
      409,
      'conflict',
      'resident-agent',
      `unable to revoke agent '${agent.hostname}', it is the one beside the orchestrator`,
    );
  const status = after[body.decision];
  const next: Agent = { ...agent, status, reason: status === 'held' ? 'Somebody holds it.' : null, connected: status !== 'revoked' };
  world.agents = world.agents.map((each) => (each.id === next.id ? next : each));
  changed('agent', next.id);
  return next;
};

const createJoinString = ({ world, body }: Call<'createJoinString'>) => {
  const joinString = `ffjoin1${Buffer.from('a secret that is shown once').toString('base64url')}.7kd2pX`;
  return {
    joinString,
    command: ` printf %s '${joinString}' | sudo fortfail agent enrol`,
    url: 'https://fort-01.example:8443',
    expiresAt: iso(world.now() + (body.hours ?? 1) * 60 * MINUTE),
  };
};

const bodyOf = (record: AuditRecord) =>
  JSON.parse(record.body) as { action: string; at: string; actor: { id: string; kind: string }; object: { id: string; kind: string } };

const listAudit = ({ world, query }: Call<'listAudit'>) => {
  const { action, actor, object, since, until } = query;
  const has = (record: AuditRecord): boolean => {
    const body = bodyOf(record);
    return (
      (!action || (action.endsWith('.') ? body.action.startsWith(action) : body.action === action)) &&
      (!actor || body.actor.id === actor || body.actor.kind === actor) &&
      (!object || body.object.id === object || body.object.kind === object) &&
      (!since || body.at >= since) &&
      (!until || body.at < until)
    );
  };
  return pageOf(world.site.audit[query.chain ?? 'main'].filter(has), query);
};

const createKit = ({ world, body, changed }: Call<'createKit'>) => {
  const { site } = world;
  if (site.kit.state === 'confirmed')
    throw new Refusal(409, 'conflict', 'kit-exists', `unable to make a second recovery kit, kit ${site.kit.kitId} is in force`);
  const roster = readRoster({ ...body.roster, owner: body.owner, now: new Date(world.now()), site: site.kit.site.id });
  site.kit = {
    ...site.kit,
    state: 'unconfirmed',
    kitId: kitIdOf(body.recipient),
    recipient: body.recipient,
    owner: body.owner,
    ownerFingerprint: sshFingerprint(parseSshPublicKey(body.owner)),
    createdAt: roster.made,
    confirmedAt: null,
    roster: body.roster,
  };
  site.kitConfirmation = body.confirmation;
  changed('kit', kitIdOf(body.recipient));
  return site.kit;
};

const confirmKit = ({ world, body, changed }: Call<'confirmKit'>) => {
  const { site } = world;
  if (site.kitConfirmation !== body.lastSix || site.kit.recipient !== body.recipient)
    throw new Refusal(
      400,
      'invalid-input',
      'kit-characters',
      'unable to confirm the recovery kit, these are not the last six characters of its key',
      { hint: 'Type the last six characters of the recovery key as they stand on the printed page.' },
    );
  site.kit = { ...site.kit, state: 'confirmed', confirmedAt: iso(world.now()) };
  changed('kit', site.kit.kitId ?? '');
  return site.kit;
};

const personOf = (world: World, id: string | undefined): Person => {
  const person = world.site.persons.find((each) => each.id === id);
  if (!person) throw missing('person', id ?? '');
  return person;
};

const linkOf = (world: World) => ({
  url: 'https://fort-01.example:8443/sign-in#link=ffl_once-and-never-again-000000',
  expiresAt: iso(world.now() + 1440 * MINUTE),
});

const createPerson = ({ world, body }: Call<'createPerson'>) => {
  const { site } = world;
  if (site.persons.some(({ name }) => name.toLowerCase() === body.name.toLowerCase()))
    throw new Refusal(409, 'conflict', 'name-taken', `unable to take the name '${body.name}', it is in use`);
  const person: Person = {
    id: idOf('per', site.persons.length + 10),
    name: body.name,
    grants: [...body.grants],
    disabled: false,
    hasPassword: false,
    passkeys: 0,
    createdAt: iso(world.now()),
    lastSeenAt: null,
  };
  site.persons = [...site.persons, person];
  return { person, ...linkOf(world) };
};

const changePerson = ({ world, path, body }: Call<'changePerson'>): Person => {
  const person = { ...personOf(world, path.personId), grants: [...body.grants], disabled: body.disabled };
  const others = world.site.persons.filter(({ id }) => id !== person.id);
  if (
    ![...others, person].some(({ disabled, grants }) => !disabled && grants.some(({ role, scope }) => role === 'admin' && scope === 'site'))
  )
    throw new Refusal(409, 'conflict', 'last-admin', `unable to change ${person.name}, the last administrator of the site`);
  world.site.persons = world.site.persons.map((each) => (each.id === person.id ? person : each));
  return person;
};

const createToken = ({ world, body }: Call<'createToken'>) => {
  const token: ApiToken = {
    id: idOf('tok', world.site.tokens.length + 10),
    personId: world.me.id,
    personName: world.me.name,
    name: body.name,
    grants: [...body.grants],
    createdAt: iso(world.now()),
    expiresAt: iso(world.now() + (body.days ?? 90) * 1440 * MINUTE),
    lastUsedAt: null,
  };
  world.site.tokens = [token, ...world.site.tokens];
  return { token, secret: 'ffp_shown-once-and-never-again' };
};

/** Hosts, alerts, audit, evidence, the recovery kit, persons. */
export const siteHandlers = {
  getAgent: ({ world, path }) => agentOf(world, path.agentId),
  decideAgent,
  createJoinString,
  listAlerts: ({ world, query }) => {
    const open = world.site.alerts.filter(({ endedAt }) => endedAt === null);
    const ended = world.site.alerts.filter(({ endedAt }) => endedAt !== null);
    return pageOf(query.open === 'true' ? open : query.open === 'false' ? ended : [...open, ...ended], query);
  },
  acknowledgeAlert: ({ world, path, changed }) => {
    const alert = world.site.alerts.find(({ id }) => id === path.alertId);
    if (!alert) throw missing('alert', path.alertId ?? '');
    const next = { ...alert, acknowledgedAt: iso(world.now()), acknowledgedBy: world.me.name };
    world.site.alerts = world.site.alerts.map((each) => (each.id === next.id ? next : each));
    changed('alert', next.id);
    return next;
  },
  listAudit,
  verifyAudit: ({ world }) => {
    const { main } = world.site.audit;
    return { chain: 'main', records: main[0]?.seq ?? 0, head: main[0]?.hash ?? '', whole: true, brokenAt: null, reason: null };
  },
  listAuditHeads: ({ world, query }) => pageOf(world.site.heads, query),
  listAuditWitnesses: ({ world }) => ({ items: world.site.witnesses, allowedSigners: world.site.allowedSigners }),
  getEvidence: ({ world, path }) => {
    const drillId = path.drillId ?? '';
    if (world.site.unsignedDrills.has(drillId))
      throw new Refusal(404, 'not-found', 'no-evidence', `unable to find signed evidence of drill '${drillId}'`, {
        hint: 'It ran before this site had a key; drill the point again.',
      });
    return evidenceOf(drillId, world.site);
  },
  getKit: ({ world }) => world.site.kit,
  createKit,
  confirmKit,
  listPersons: ({ world, query }) => pageOf(world.site.persons, query),
  createPerson,
  changePerson,
  createPersonLink: ({ world, path }) => {
    personOf(world, path.personId);
    return linkOf(world);
  },
  listTokens: ({ world, query }) => pageOf(world.site.tokens, query),
  createToken,
  deleteToken: ({ world, path }) => {
    world.site.tokens = world.site.tokens.filter(({ id }) => id !== path.tokenId);
    return {};
  },
} satisfies Handlers;
