import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Action, type Alert, type Role, type Route, type RouteName, routes } from '@fortfail/protocol';
import { IdentityKey, signRequestProof } from '@fortfail/trust';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raiseAlert } from '../alerts/alerts.ts';
import { systemContext } from '../changes/changes.ts';
import { openSqlite } from '../database/sqlite-database.ts';
import { newId } from '../ids.ts';
import { backupResult, browserHeaders, drillResult, planDraftFor, readySite, type TestSite } from '../testing/test-site.ts';
import { may } from './may.ts';
import type { Grant, Principal } from './principal.ts';
import { newSecret, secretHash } from './secrets.ts';

const roles: readonly Role[] = ['viewer', 'operator', 'restorer', 'admin', 'auditor'];

/**
 * Who may call which route, written by hand from the trust model and never from the code: letters are v(iewer), o(perator),
 * r(estorer), a(dmin), u (auditor), l (local socket), n(obody), each for a session of somebody with that role everywhere.
 */
const expected: Record<RouteName, string> = {
  signInState: 'n v o r a u l',
  signInWithLink: 'n v o r a u l',
  signInWithPassword: 'n v o r a u l',
  passkeyOptions: 'n v o r a u l',
  signInWithPasskey: 'n v o r a u l',
  me: 'v o r a u l',
  changePassword: 'v o r a u',
  newPasskeyOptions: 'v o r a u',
  addPasskey: 'v o r a u',
  signOut: 'v o r a u',
  createLoginLink: 'l',
  overview: 'v o r a u l',
  listPlans: 'v o r a u l',
  createPlan: 'o a l',
  getPlan: 'v o r a u l',
  editPlan: 'o a l',
  deletePlan: 'o a l',
  listSlots: 'v o r a u l',
  previewRetention: 'v o r a u l',
  backUp: 'o a l',
  drillPlan: 'o r a l',
  forget: 'a l',
  listRestorePoints: 'v o r a u l',
  getRestorePoint: 'v o r a u l',
  listFiles: 'r a l',
  drillRestorePoint: 'o r a l',
  listRestores: 'v o r a u l',
  proposeRestore: 'r a l',
  getRestore: 'v o r a u l',
  applyRestore: 'r a l',
  listDrills: 'v o r a u l',
  getDrill: 'v o r a u l',
  listJobs: 'v o r a u l',
  getJob: 'v o r a u l',
  getJobLog: 'v o r a u l',
  cancelJob: 'o a l',
  listRepositories: 'v o r a u l',
  createRepository: 'a l',
  getRepository: 'v o r a u l',
  checkRepository: 'o a l',
  listAgents: 'v o r a u l',
  listEvents: 'v o r a u l',
  listAudit: 'a u l',
  verifyAudit: 'a u l',
  createLegacyToken: 'a l',
  createLegacySecret: 'a l',
  revokeLegacyTokens: 'a l',
  getExposure: 'v o r a u l',
  expose: 'l',
  createJoinString: 'a l',
  enrol: 'n v o r a u l',
  renewAgent: '',
  getAgent: 'v o r a u l',
  decideAgent: 'a l',
  listPersons: 'a l',
  createPerson: 'a l',
  changePerson: 'a l',
  createPersonLink: 'a l',
  listTokens: 'v o r a u l',
  createToken: 'v o r a u l',
  deleteToken: 'v o r a u l',
  listAlerts: 'v o r a u l',
  acknowledgeAlert: 'o a l',
  getKit: 'v o r a u l',
  createKit: 'a l',
  confirmKit: 'a l',
  listEscrows: 'a l',
  reportKitTest: 'a l',
  listGrants: 'v o r a u l',
  createGrant: 'a l',
  approveRestore: 'r a l',
  browse: 'r a l',
  getEvidence: 'v o r a u l',
  listAuditHeads: 'a u l',
  listAuditWitnesses: 'a u l',
};

/** What a token never reaches, whatever its role: persons, tokens, consent, keys, enrolment, removal, where data goes. */
const neverByToken: ReadonlySet<RouteName> = new Set<RouteName>([
  'changePassword',
  'newPasskeyOptions',
  'addPasskey',
  'signOut',
  'createLoginLink',
  'listTokens',
  'createToken',
  'deleteToken',
  'listPersons',
  'createPerson',
  'changePerson',
  'createPersonLink',
  'createJoinString',
  'decideAgent',
  'createKit',
  'confirmKit',
  'listEscrows',
  'reportKitTest',
  'createGrant',
  'approveRestore',
  'forget',
  'createRepository',
  'createLegacyToken',
  'createLegacySecret',
  'revokeLegacyTokens',
]);

/** What an agent reaches beside its link, by a proof of its key. */
const byAgent: ReadonlySet<RouteName> = new Set<RouteName>(['renewAgent']);

/** Everything else that is served: documents, health, pages, links with a proof of their own, and the first API. */
const otherPaths: readonly RegExp[] = [
  /^\/health\/(live|ready)$/,
  /^\/openapi\.json$/,
  /^\/docs(\/reference\.js)?$/,
  /^\/control(\/control\.(js|css))?$/,
  /^\/ca\.pem$/,
  /^\/agent-link(\/poll)?$/,
  // Judged by the socket itself, as `see` of each event.
  /^\/api\/v1\/events$/,
  // The first API has rules, principals and tests of its own.
  /^\/(auth\/(token|ws-ticket)|snapshots(\/:\w+(\/object)?)?|restore-jobs(\/:\w+)?|agents(\/:\w+)?|agent\/:\w+\/(commands|events)|ws)(\/:\w+)?$/,
];

const letters: Record<Role | 'nobody' | 'local', string> = {
  nobody: 'n',
  viewer: 'v',
  operator: 'o',
  restorer: 'r',
  admin: 'a',
  auditor: 'u',
  local: 'l',
};
const names = Object.keys(expected) as RouteName[];
const isPublic = (name: RouteName) => expected[name].includes('n');

function isExpected(name: RouteName, who: Role | 'nobody' | 'local'): boolean {
  return expected[name].split(' ').includes(letters[who]);
}

describe('who may call which route', () => {
  let site: TestSite;
  let folder: string;
  /** Headers of each caller. */
  const callers = new Map<string, Record<string, string>>();
  const ids: Record<string, string> = {};

  const session = (cookie: string) => ({ ...browserHeaders, cookie });
  const bearer = (secret: string) => ({ host: browserHeaders.host, 'content-type': 'application/json', authorization: `Bearer ${secret}` });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ff-access-'));
    const ready = await readySite(await openSqlite(join(folder, 'catalog.db')));
    site = ready.site;
    const { agent, planId, repositoryId } = ready;
    Object.assign(ids, { planId, repositoryId, agentId: agent.agentId });
    await site.local('POST', `/plans/${planId}/backup`);
    const backup = await agent.lease(site);
    await agent.succeed(backup, backupResult(5, site.clock.now()));
    ids.jobId = backup.jobId;
    ids.restorePointId = (await site.local<{ items: { id: string }[] }>('GET', '/restore-points')).body.items[0]?.id ?? '';
    const drill = await site.local<{ job: { drillId: string } }>('POST', `/plans/${planId}/drill`);
    ids.drillId = drill.body.job.drillId;
    await agent.succeed(await agent.lease(site), drillResult('passed', site.clock.now()));
    ids.restoreId = (await site.local<{ id: string }>('POST', '/restores', { restorePointId: ids.restorePointId })).body.id;
    await site.services.changes.run(systemContext, (change) =>
      raiseAlert(change, { kind: 'test', severity: 'info', object: { kind: 'plan', id: planId }, sentence: 'This is a test.' }),
    );
    ids.alertId = (await site.local<{ items: Alert[] }>('GET', '/alerts')).body.items[0]?.id ?? '';
    // From here on nothing is leased: what a call starts stays in the queue.
    agent.close();
    const other = await site.local<{ id: string }>('POST', '/plans', planDraftFor(repositoryId, { name: 'other' }));
    ids.otherPlanId = other.body.id;
    await addSessions();
    await addTokens();
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function addSessions(): Promise<void> {
    const person = async (name: string, grants: readonly Grant[]) => {
      const made = await site.person(name, grants);
      callers.set(name, session(made.cookie));
      return made;
    };
    for (const role of roles) await person(role, [{ role, scope: 'site' }]);
    ids.personId = (await person('elsewhere', [{ role: 'admin', scope: `plan:${ids.otherPlanId}` }])).id;
    await person('on another host', [{ role: 'admin', scope: 'host:agt_00000000000000ff' }]);
    const admin: Grant[] = [{ role: 'admin', scope: 'site' }];
    const [expired, gone, disabled] = [await person('expired', admin), await person('signed out', admin), await person('disabled', admin)];
    await site.browser('POST', '/me/sign-out', { cookie: gone.cookie, body: {} });
    await site.local('PUT', `/persons/${disabled.id}`, { grants: admin, disabled: true });
    await site.services.database.transaction(async (tx) => {
      await tx.updateTable('session').set({ until_at: site.clock.now().toISOString() }).where('person_id', '=', expired.id).execute();
      // Also a session that outlived the disabling must open nothing.
      const row = { via: 'session', created_at: '', seen_at: site.clock.now().toISOString(), until_at: '9999' };
      const secret = newSecret();
      await tx
        .insertInto('session')
        .values({ ...row, hash: secretHash(secret), person_id: disabled.id })
        .execute();
      callers.set('disabled', session(`ff=${secret}`));
    });
    callers.set('forged session', session(`ff=${newSecret()}`));
    callers.set('nobody', browserHeaders);
    callers.set('local', { 'x-test-local': '1', 'content-type': 'application/json' });
  }

  async function addTokens(): Promise<void> {
    const make = async (name: string, grants: readonly Grant[], of: string = 'admin') => {
      const owner = await site.services.persons.byName(of);
      if (owner === undefined) throw new Error(`no person ${of}`);
      const made = await site.services.changes.run(systemContext, (change) =>
        site.services.tokens.create(change, owner, { name, grants, days: 10 }),
      );
      callers.set(name, bearer(made.secret));
      return { id: made.row.id, owner, secret: made.secret };
    };
    for (const role of roles) await make(`token of ${role}`, [{ role, scope: 'site' }]);
    await make('token elsewhere', [{ role: 'admin', scope: `plan:${ids.otherPlanId}` }]);
    ids.tokenId = (await make('ended token', [{ role: 'admin', scope: 'site' }])).id;
    const { id: expiredId } = await make('expired token', [{ role: 'admin', scope: 'site' }]);
    await site.services.changes.run(systemContext, (change) => site.services.tokens.end(change, { id: ids.tokenId ?? '' }));
    const owner = await site.person('owner', [{ role: 'admin', scope: 'site' }]);
    const boss = await site.person('boss', [{ role: 'admin', scope: 'site' }]);
    await make('token of disabled', [{ role: 'admin', scope: 'site' }], 'owner');
    await make('token of demoted', [{ role: 'admin', scope: 'site' }], 'boss');
    await site.services.database.transaction(async (tx) => {
      await tx.updateTable('person').set({ disabled: 1 }).where('id', '=', owner.id).execute();
      await tx.updateTable('person').set({ grants: '[{"role":"viewer","scope":"site"}]' }).where('id', '=', boss.id).execute();
      await tx.updateTable('api_token').set({ expires_at: site.clock.now().toISOString() }).where('id', '=', expiredId).execute();
    });
    const jwt = [
      { alg: 'HS256', typ: 'JWT' },
      { sub: 'agent-1', aud: 'fortfail-legacy', exp: 4_102_444_800 },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    callers.set('token of the first API', bearer(`${jwt.join('.')}.${newSecret()}`));
  }

  const call = async (name: RouteName, who: string, headers: Record<string, string> = {}): Promise<number> => {
    const route: Route = routes[name];
    const url = `/api/v1${route.path.replaceAll(/:(\w+)/g, (_match, key: string) => ids[key] ?? '')}`;
    // Nothing fits `{"probe":1}`: whoever passes the judgement fails afterwards with another status, or not at all.
    const payload = route.method === 'GET' ? {} : { payload: { probe: 1 } };
    const answer = await site.app.inject({ method: route.method, url, headers: { ...callers.get(who), ...headers }, ...payload });
    return answer.statusCode;
  };
  /** Whoever is let through meets another refusal than these, or none. */
  const isLetThrough = (status: number) => ![401, 403, 404, 421, 500].includes(status);

  it('has an expectation for every route and a route for every expectation', () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(routes).sort());
  });

  it('serves nothing that is declared neither as a route nor here', () => {
    const declared = new Set(names.map((name) => `${routes[name].method} /api/v1${routes[name].path}`));
    const served = servedPaths(site.app.printRoutes({ commonPrefix: false }));
    expect(served.flatMap(({ methods }) => methods).length).toBeGreaterThan(names.length);
    const unknown = served.filter(
      ({ methods, path }) =>
        otherPaths.every((known) => !known.test(path)) &&
        methods.some((method) => !declared.has(`${method === 'HEAD' ? 'GET' : method} ${path}`)),
    );
    expect(unknown).toEqual([]);
  });

  const living = ['nobody', 'local', ...roles] as const;
  it.each(names.flatMap((name) => living.map((who) => ({ name, who }))))('$who on $name', async ({ name, who }) => {
    const status = await call(name, who);
    if (isExpected(name, who)) expect(isLetThrough(status), `${status}`).toBe(true);
    else expect(status).toBe(who === 'nobody' ? 401 : 403);
  });

  it.each(names.flatMap((name) => roles.map((role) => ({ name, role }))))('a token of $role on $name', async ({ name, role }) => {
    const status = await call(name, `token of ${role}`);
    if (isPublic(name) || (isExpected(name, role) && !neverByToken.has(name))) expect(isLetThrough(status), `${status}`).toBe(true);
    else expect(status).toBe(403);
  });

  it.each(names)('%s for a token whose owner has become a viewer', async (name) => {
    const status = await call(name, 'token of demoted');
    if (isPublic(name) || (isExpected(name, 'viewer') && !neverByToken.has(name))) expect(isLetThrough(status), `${status}`).toBe(true);
    else expect(status).toBe(403);
  });

  const strangers = ['expired', 'signed out', 'disabled', 'forged session'];
  it.each(names.flatMap((name) => strangers.map((who) => ({ name, who }))))('$name with a session that is $who', async ({ name, who }) => {
    const status = await call(name, who);
    if (isPublic(name)) expect(isLetThrough(status), `${status}`).toBe(true);
    else expect(status).toBe(401);
  });

  const deadTokens = ['ended token', 'expired token', 'token of disabled', 'token of the first API'];
  it.each(names.flatMap((name) => deadTokens.map((who) => ({ name, who }))))('$name with an $who', async ({ name, who }) => {
    expect(await call(name, who)).toBe(401);
  });

  it.each(names)('%s with both a token and a session', async (name) => {
    expect(await call(name, 'token of admin', { cookie: callers.get('admin')?.cookie ?? '' })).toBe(400);
  });

  const states = ['active', 'pending', 'held', 'revoked', 'expired', 'not its key'] as const;
  it.each(states)('an agent that is %s, by a proof of its key on each request, on every route', async (state) => {
    const key = await IdentityKey.generate();
    const id = await addAgent(state, state === 'not its key' ? (await IdentityKey.generate()).thumbprint : key.thumbprint);
    const wrong: string[] = [];
    for (const [index, name] of names.entries()) {
      const route: Route = routes[name];
      const url = `/api/v1${route.path.replaceAll(/:(\w+)/g, (_match, key: string) => ids[key] ?? '')}`;
      const payload = route.method === 'GET' ? undefined : '{"probe":1}';
      const proof = await signRequestProof(key, {
        method: route.method,
        url: `http://localhost:8000${url}`,
        body: payload === undefined ? undefined : Buffer.from(payload),
        now: site.clock.now(),
      });
      const answer = await site.app.inject({
        method: route.method,
        url,
        // Many wrong proofs from one address are slowed down, which is not what is asked here.
        remoteAddress: `10.1.0.${index}`,
        // A session beside the proof must add nothing.
        headers: { ...callers.get('admin'), authorization: `DPoP ${id}`, dpop: proof },
        ...(payload === undefined ? {} : { payload }),
      });
      const isRight =
        state === 'active' && (isPublic(name) || byAgent.has(name))
          ? isLetThrough(answer.statusCode)
          : state === 'expired' && byAgent.has(name)
            ? isLetThrough(answer.statusCode)
            : [401, 403].includes(answer.statusCode);
      if (!isRight) wrong.push(`${name}: ${answer.statusCode} ${answer.body}`);
    }
    expect(wrong).toEqual([]);
  });

  async function addAgent(state: (typeof states)[number], identity: string): Promise<string> {
    const id = newId('agt');
    const like = await site.services.database.read
      .selectFrom('agent')
      .selectAll()
      .where('id', '=', ids.agentId ?? '')
      .executeTakeFirstOrThrow();
    const until = site.clock.now().getTime() + (state === 'expired' ? -1 : 1) * 86_400_000;
    const status = ['pending', 'held', 'revoked'].includes(state) ? state : 'active';
    const row = { ...like, id, kind: 'remote', identity, status, certificate_until: new Date(until).toISOString() };
    await site.services.database.transaction((tx) => tx.insertInto('agent').values(row).execute());
    return id;
  }

  const agent = { kind: 'agent', id: 'agt_1', agentId: 'agt_1', name: 'host-1', grants: [] } as const;
  const legacy = (agentId: string | null) => ({ kind: 'legacy', id: 'jti', tokenId: 'jti', agentId, name: 'old', grants: [] }) as const;
  it.each(names)('%s for agents and for tokens of the first API, whatever rights they claim', (name) => {
    const everything: Grant[] = roles.map((role) => ({ role, scope: 'site' }));
    const verdict = (principal: Principal) => may({ ...principal, grants: everything }, routes[name].action, { kind: routes[name].object });
    expect(verdict(agent)).toBe(isPublic(name) || byAgent.has(name) ? 'yes' : 'forbidden');
    expect(verdict(legacy('agent-1'))).toBe(isPublic(name) ? 'yes' : 'forbidden');
    expect(verdict(legacy(null))).toBe(isPublic(name) ? 'yes' : 'forbidden');
  });

  /** Of the whole site: out of scope there is nothing to hide. */
  const siteWide: ReadonlySet<Action> = new Set<Action>(['edit-person']);
  const withObject = names.filter((name) => routes[name].path.includes(':'));
  const elsewhere = ['elsewhere', 'on another host', 'token elsewhere'];
  it.each(withObject.flatMap((name) => elsewhere.map((who) => ({ name, who }))))('hides $name from $who', async ({ name, who }) => {
    const route: Route = routes[name];
    const path = `/api/v1${route.path.replaceAll(/:(\w+)/g, (_match, key: string) => ids[key] ?? '')}`;
    const payload = route.method === 'GET' ? {} : { payload: fittingBody(name) };
    const answer = await site.app.inject({
      method: route.method,
      url: path,
      headers: { ...callers.get(who), 'if-match': '"1"' },
      ...payload,
    });
    const isRefused = siteWide.has(route.action) || (who.startsWith('token') && neverByToken.has(name));
    expect(answer.statusCode, answer.body).toBe(isRefused ? 403 : 404);
  });

  function fittingBody(name: RouteName): object {
    const bodies: Partial<Record<RouteName, object>> = {
      editPlan: planDraftFor(ids.repositoryId ?? ''),
      forget: { restorePointIds: [ids.restorePointId] },
      applyRestore: { digest: 'd'.repeat(64) },
      decideAgent: { decision: 'hold' },
      changePerson: { grants: [{ role: 'viewer', scope: 'site' }], disabled: false },
      approveRestore: { by: 'ssh', signed: { text: 'x', namespace: 'fortfail-approval@v1', signature: 'x', signer: 'x' } },
      browse: { question: { ask: 'list' }, session: { recipient: 'age1x' } },
    };
    return bodies[name] ?? {};
  }

  it('shows somebody with one plan that plan only', async () => {
    const headers = callers.get('elsewhere') ?? {};
    const get = async <T>(path: string) => (await site.app.inject({ url: `/api/v1${path}`, headers })).json<T>();
    const plans = await get<{ items: { plan: { name: string } }[] }>('/plans');
    expect(plans.items.map((state) => state.plan.name)).toEqual(['other']);
    for (const path of ['/restore-points', '/jobs', '/drills', '/restores', '/repositories', '/agents', '/alerts'])
      expect((await get<{ items: object[] }>(path)).items).toEqual([]);
    const overview = await get<{ plans: object[]; running: object[]; alerts: object }>('/overview');
    expect([overview.plans.length, overview.running.length, overview.alerts]).toEqual([1, 0, { open: 0, unacknowledged: 0 }]);
    expect(await call('listAudit', 'elsewhere')).toBe(403);
  });

  it('puts refusals on record, one per actor, action and minute', async () => {
    const count = async () =>
      (await site.services.database.read.selectFrom('audit_head').select('seq').where('chain', '=', 'access').executeTakeFirstOrThrow())
        .seq;
    for (const [name, who] of [
      ['createRepository', 'viewer'],
      ['listPlans', 'ended token'],
    ] as const) {
      await site.clock.advance(60_000);
      const before = await count();
      for (let tries = 0; tries < 5; tries += 1) await call(name, who);
      expect(await count()).toBe(before + 1);
    }
  });
});

/** The tree that the framework prints, as whole paths with their methods. */
function servedPaths(tree: string): { path: string; methods: string[] }[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^((?:[│ ] {3})*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line);
    if (match === null) return [];
    const [, indent = '', part = '', methods] = match;
    const depth = indent.length / 4;
    above.length = depth;
    above.push(part);
    return methods === undefined ? [] : [{ path: above.join(''), methods: methods.split(', ') }];
  });
}
