import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role, RouteName } from '@fortfail/protocol';
import { type Route, routes } from '@fortfail/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../database/sqlite-database.ts';
import { backupResult, drillResult, planDraftFor, readySite, type TestSite } from '../testing/test-site.ts';

type Who = 'nobody' | Role | 'other-plan' | 'local';

/**
 * Who may call which route, written by hand from the trust model and never from the code: letters are v(iewer), o(perator),
 * r(estorer), a(dmin), u (auditor), l (local socket), n(obody).
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

const letters: Record<Exclude<Who, 'other-plan'>, string> = {
  nobody: 'n',
  viewer: 'v',
  operator: 'o',
  restorer: 'r',
  admin: 'a',
  auditor: 'u',
  local: 'l',
};
const roles: readonly Role[] = ['viewer', 'operator', 'restorer', 'admin', 'auditor'];

describe('who may call which route', () => {
  let site: TestSite;
  let folder: string;
  const cookies = new Map<string, string>();
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ff-access-'));
    const ready = await readySite(await openSqlite(join(folder, 'catalog.db')));
    site = ready.site;
    const { agent, planId, repositoryId } = ready;
    ids.planId = planId;
    ids.repositoryId = repositoryId;
    await site.local('POST', `/plans/${planId}/backup`);
    const backup = await agent.lease(site);
    await agent.succeed(backup, backupResult(5, site.clock.now()));
    ids.jobId = backup.jobId;
    ids.restorePointId = (await site.local<{ items: { id: string }[] }>('GET', '/restore-points')).body.items[0]?.id ?? '';
    const drill = await site.local<{ job: { drillId: string } }>('POST', `/plans/${planId}/drill`);
    ids.drillId = drill.body.job.drillId;
    await agent.succeed(await agent.lease(site), drillResult('passed', site.clock.now()));
    ids.restoreId = (await site.local<{ id: string }>('POST', '/restores', { restorePointId: ids.restorePointId })).body.id;
    // From here on nothing is leased: what a call starts stays in the queue.
    agent.close();
    const other = await site.local<{ id: string }>('POST', '/plans', planDraftFor(repositoryId, { name: 'other' }));
    for (const role of roles) cookies.set(role, (await site.person(role, [{ role, scope: 'site' }])).cookie);
    cookies.set('other-plan', (await site.person('elsewhere', [{ role: 'admin', scope: `plan:${other.body.id}` }])).cookie);
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async (name: RouteName, who: Who): Promise<number> => {
    const route: Route = routes[name];
    const path = route.path.replaceAll(/:(\w+)/g, (_match, key: string) => ids[key] ?? '');
    // Nothing fits `{"probe":1}`: whoever passes the judgement fails afterwards with another status, or not at all.
    const body = route.method === 'GET' ? undefined : { probe: 1 };
    if (who === 'local') return (await site.local(route.method, path, body)).status;
    const cookie = cookies.get(who);
    return (
      await site.browser(route.method, path, { ...(body === undefined ? {} : { body }), ...(cookie === undefined ? {} : { cookie }) })
    ).status;
  };

  it('has an expectation for every route and a route for every expectation', () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(routes).sort());
  });

  const cases = (Object.keys(expected) as RouteName[]).flatMap((name) =>
    (Object.keys(letters) as (keyof typeof letters)[]).map((who) => ({ name, who })),
  );
  it.each(cases)('$who on $name', async ({ name, who }) => {
    const status = await call(name, who);
    const isAllowed = expected[name].split(' ').includes(letters[who]);
    // A bad sign-in answers 401 as well, but to everybody alike, and a body without its fields 400 before that.
    if (isAllowed) expect([401, 403, 404, 500]).not.toContain(status);
    else expect(status).toBe(who === 'nobody' ? 401 : name === 'me' ? 200 : refusedWith(name, who));
  });

  /** The local socket is no person: what only a person has is refused to it only once the body is right. */
  function refusedWith(name: RouteName, who: string): number {
    return who === 'local' && (name === 'changePassword' || name === 'addPasskey')
      ? 400
      : who === 'local' && name !== 'createLoginLink'
        ? 400
        : 403;
  }

  const withObject = (Object.keys(expected) as RouteName[]).filter((name) => routes[name].path.includes(':'));
  it.each(withObject)('hides %s from somebody whose rights lie elsewhere', async (name) => {
    const route: Route = routes[name];
    const path = route.path.replaceAll(/:(\w+)/g, (_match, key: string) => ids[key] ?? '');
    const bodies: Partial<Record<RouteName, object>> = {
      editPlan: planDraftFor(ids.repositoryId ?? ''),
      forget: { restorePointIds: [ids.restorePointId] },
      applyRestore: { digest: 'd'.repeat(64) },
      browse: { question: { ask: 'list' }, session: { recipient: 'age1x' } },
    };
    const body = route.method === 'GET' ? undefined : (bodies[name] ?? {});
    const answer = await site.browser(route.method, path, {
      ...(body === undefined ? {} : { body }),
      cookie: cookies.get('other-plan') ?? '',
      headers: { 'if-match': '"1"' },
    });
    expect(answer.status).toBe(404);
  });

  it('shows somebody with one plan that plan only', async () => {
    const cookie = cookies.get('other-plan') ?? '';
    const plans = await site.browser<{ items: { plan: { name: string } }[] }>('GET', '/plans', { cookie });
    expect(plans.body.items.map((state) => state.plan.name)).toEqual(['other']);
    for (const path of ['/restore-points', '/jobs', '/drills', '/restores', '/repositories', '/agents']) {
      expect((await site.browser<{ items: object[] }>('GET', path, { cookie })).body.items).toEqual([]);
    }
    const overview = await site.browser<{ plans: object[]; running: object[] }>('GET', '/overview', { cookie });
    expect([overview.body.plans.length, overview.body.running.length]).toEqual([1, 0]);
    expect((await site.browser('GET', '/audit', { cookie })).status).toBe(403);
  });

  it('puts refusals on record, one per actor, action and minute', async () => {
    const count = async () =>
      (await site.services.database.read.selectFrom('audit_head').select('seq').where('chain', '=', 'access').executeTakeFirstOrThrow())
        .seq;
    await site.clock.advance(60_000);
    const before = await count();
    for (let tries = 0; tries < 5; tries += 1) await call('createRepository', 'viewer');
    expect(await count()).toBe(before + 1);
  });
});
