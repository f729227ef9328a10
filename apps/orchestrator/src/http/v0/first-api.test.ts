import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FirstApiSite, registrationSecret, sha256 } from '../../testing/first-api-site.ts';

describe('the first API', () => {
  let api: FirstApiSite;
  beforeAll(async () => {
    api = await FirstApiSite.open();
  });
  afterAll(() => api[Symbol.asyncDispose]());

  it('goes the whole walk of one agent: token, snapshot, job, command, events, download', async () => {
    const minted = await api.mint({ registration_secret: registrationSecret, agent_id: 'walker' });
    expect([minted.status, minted.body.expires_in]).toEqual([200, 604_800]);
    const { token } = minted.body;
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({ agent_id: 'walker', aud: 'fortfail-legacy' });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(604_800);
    const bytes = Buffer.from('a tar, as far as anybody here knows');
    const registered = await api.register(token, 'snapshot-walker-1', 'walker', bytes);
    expect([registered.status, registered.body]).toEqual([
      200,
      { id: 'snapshot-walker-1', presigned_url: null, upload_url: '/snapshots/snapshot-walker-1/object' },
    ]);
    const uploaded = await api.upload(token, 'snapshot-walker-1', bytes);
    expect([uploaded.status, uploaded.body]).toEqual([200, { status: 'uploaded', snapshot_id: 'snapshot-walker-1' }]);
    const made = await api.restore(token, 'snapshot-walker-1', 'walker');
    expect(made.status).toBe(200);
    expect(made.body).toEqual({
      id: expect.stringMatching(/^job-\d+\.\d+$/),
      snapshot_id: 'snapshot-walker-1',
      target_agent_id: 'walker',
      status: 'pending',
    });
    const commands = await api.commands(token, 'walker');
    expect(commands.body).toEqual([
      {
        id: expect.stringMatching(/^cmd-\d+\.\d+$/),
        command_type: 'restore',
        payload: { snapshot_id: 'snapshot-walker-1', job_id: made.body.id },
      },
    ]);
    const started = await api.event(token, 'walker', made.body.id, 'restore_started', { snapshot_id: 'snapshot-walker-1' });
    expect([started.status, started.body]).toEqual([200, { status: 'ok' }]);
    expect(await api.jobStatus(token, made.body.id)).toBe('in_progress');
    const object = await api.call('GET', '/snapshots/snapshot-walker-1/object', { token });
    expect([object.status, object.text]).toEqual([200, bytes.toString()]);
    expect(object.headers['content-disposition']).toContain('filename="snapshot-walker-1.tar"');
    await api.event(token, 'walker', made.body.id, 'restore_completed', { metadata: { restore_path: '/restore/snapshot-walker-1' } });
    expect((await api.call('GET', `/restore-jobs/${made.body.id}`, { token })).body).toEqual({ ...made.body, status: 'completed' });
    expect((await api.commands(token, 'walker')).body).toEqual([]);
    const log = await api.call<object[]>('GET', `/restore-jobs/${made.body.id}/logs`, { token });
    expect(log.body).toMatchObject([
      { agent_id: 'walker', event_type: 'restore_started', message: 'restore_started', metadata: null },
      { agent_id: 'walker', event_type: 'restore_completed', metadata: { restore_path: '/restore/snapshot-walker-1' } },
    ]);
    expect((await api.call('GET', '/agents', { token })).body).toEqual([{ id: 'walker', last_seen: api.site.clock.now().toISOString() }]);
    const snapshots = await api.call<object[]>('GET', '/snapshots', { token });
    expect(snapshots.body).toMatchObject([{ id: 'snapshot-walker-1', agent_id: 'walker', status: 'uploaded', checksum: sha256(bytes) }]);
    expect((await api.call<object[]>('GET', '/restore-jobs', { token })).body).toMatchObject([{ id: made.body.id, status: 'completed' }]);
  });

  it('writes its records into the audit file under the names and fields that its readers know', async () => {
    await api.site.services.auditFile?.flush();
    const lines = readFileSync(join(api.folder, 'audit.log'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const one = (event: string) => lines.find((line) => line.event === event);
    expect(one('token_minted')).toMatchObject({ agent_id: 'walker' });
    expect(one('snapshot_created')).toMatchObject({ snapshot_id: 'snapshot-walker-1', agent_id: 'walker' });
    expect(one('snapshot_uploaded')).toMatchObject({ snapshot_id: 'snapshot-walker-1', size: 35 });
    expect(one('restore_job_created')).toMatchObject({ snapshot_id: 'snapshot-walker-1', target_agent_id: 'walker' });
    expect(one('agent_event')).toMatchObject({
      agent_id: 'walker',
      event_type: 'restore_started',
      message: 'restore_started',
      metadata: null,
    });
    expect(one('snapshot_downloaded')).toMatchObject({ snapshot_id: 'snapshot-walker-1' });
    for (const line of lines) expect(line.timestamp).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect((await api.site.local<{ whole: boolean }>('GET', '/audit/verification')).body.whole).toBe(true);
  });

  it('answers health, the root and the panel without a credential', async () => {
    expect((await api.call('GET', '/health/live')).body).toEqual({ status: 'ok' });
    expect((await api.call('GET', '/health/ready')).body).toEqual({ status: 'ready' });
    expect((await api.call('GET', '/')).body).toEqual({
      service: 'FortFail Orchestrator',
      version: '0.1.0',
      docs: '/docs',
      control_ui: '/control',
      websocket: '/ws',
    });
    const page = await api.call('GET', '/control');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
    expect(page.text.match(/<section/g)).toHaveLength(5);
    for (const file of ['control.js', 'control.css']) expect((await api.call('GET', `/control/${file}`)).status).toBe(200);
  });

  it('gives browsers the console where a path is both, and programs the answer', async () => {
    const token = await api.token('walker');
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    for (const path of ['/', '/agents', '/snapshots', '/restore-jobs', '/restore-jobs/none']) {
      const page = await api.call('GET', path, { headers: { accept } });
      expect([path, page.status, page.text]).toEqual([path, 200, '<!doctype html><title>console</title>']);
      expect(page.headers.vary).toContain('Accept');
    }
    for (const header of ['*/*', 'application/json', undefined]) {
      const answer = await api.call<object[]>('GET', '/agents', { token, headers: header === undefined ? {} : { accept: header } });
      expect([answer.status, Array.isArray(answer.body)]).toEqual([200, true]);
    }
    expect((await api.call('GET', '/agents')).status).toBe(403);
  });

  it('says what is wrong in detail, with the right status', async () => {
    const token = await api.token('careful');
    const bytes = Buffer.from('right');
    const good = { id: 's', agent_id: 'careful', checksum: sha256(bytes), size: 5 };
    for (const [change, field] of [
      [{ checksum: 'xyz' }, 'checksum'],
      [{ size: 0 }, 'size'],
      [{ size: 10 * 1024 ** 3 + 1 }, 'size'],
      [{ size: 1.5 }, 'size'],
      [{ size: '5' }, 'size'],
      [{ id: '' }, 'id'],
      [{ id: 'x'.repeat(256) }, 'id'],
      [{ id: 'a\0b' }, 'id'],
      [{ agent_id: undefined }, 'agent_id'],
      [{ metadata: [] }, 'metadata'],
      [{ metadata: { a: 'x'.repeat(70_000) } }, 'metadata'],
    ] as const) {
      const answer = await api.call('POST', '/snapshots', { token, body: { ...good, ...change } });
      expect([answer.status, answer.body.detail]).toEqual([422, expect.stringContaining(field)]);
    }
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const nested = await api.call('POST', '/snapshots', {
      token,
      body: JSON.stringify(good).replace('}', `,"metadata":${deep}}`),
      headers: { 'content-type': 'application/json' },
    });
    expect([nested.status, nested.body.detail]).toEqual([422, 'metadata must not be nested deeper than 32']);
    for (const body of [{}, { registration_secret: 'short' }, { registration_secret: registrationSecret, agent_id: 'a b' }])
      expect((await api.mint(body)).status).toBe(422);
    const noJson = await api.call('POST', '/snapshots', { token, body: '{', headers: { 'content-type': 'application/json' } });
    expect([noJson.status, noJson.body.detail]).toEqual([422, 'The body is not valid JSON']);
    expect((await api.call('POST', '/snapshots', { token, body: 'x=1', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    const huge = await api.call('POST', '/snapshots', { token, body: { ...good, metadata: { a: 'x'.repeat(2 << 20) } } });
    expect([huge.status, typeof huge.body.detail]).toEqual([413, 'string']);
    expect((await api.call('GET', '/restore-jobs/job-1', { token })).body.detail).toBe('Job not found');
    for (const [method, path, body] of [
      ['GET', '/snapshots/none', undefined],
      ['GET', '/snapshots/none/object', undefined],
      ['GET', '/restore-jobs/none', undefined],
      ['GET', '/restore-jobs/none/logs', undefined],
      ['POST', '/snapshots/none/complete', {}],
      ['POST', '/restore-jobs', { snapshot_id: 'none', target_agent_id: 'careful' }],
    ] as const)
      expect([path, (await api.call(method, path, { token, body })).status]).toEqual([path, 404]);
    expect((await api.upload(token, 'none', bytes)).status).toBe(404);
  });

  it('takes a snapshot once, and keeps nothing that is not what was registered', async () => {
    const token = await api.token('keeper');
    const bytes = Buffer.from('the right bytes');
    expect((await api.register(token, 'k1', 'keeper', bytes)).status).toBe(200);
    expect((await api.register(token, 'k1', 'keeper', bytes)).status).toBe(409);
    const early = await api.restore(token, 'k1', 'keeper');
    expect([early.status, early.body.detail]).toEqual([409, 'Snapshot has no object yet, so it cannot be restored']);
    expect((await api.call('GET', '/snapshots/k1/object', { token })).status).toBe(404);
    const other = Buffer.from('the wrong bytes');
    const mismatch = await api.upload(token, 'k1', other);
    expect([mismatch.status, mismatch.body.detail]).toEqual([400, `Checksum mismatch: expected ${sha256(bytes)}, got ${sha256(other)}`]);
    expect((await api.upload(token, 'k1', bytes.subarray(1))).body.detail).toMatch(/^Checksum mismatch: .* \(14 bytes instead of 15\)$/);
    expect((await api.upload(token, 'k1', Buffer.concat([bytes, bytes]))).status).toBe(413);
    expect((await api.upload(token, 'k1', bytes, 'other')).status).toBe(422);
    expect((await api.call('POST', '/snapshots/k1/object', { token, body: {} })).status).toBe(422);
    expect(readdirSync(join(api.folder, 'objects', 'partial'))).toEqual([]);
    expect((await api.call('GET', '/snapshots/k1/object', { token })).status).toBe(404);
    expect((await api.upload(token, 'k1', bytes)).status).toBe(200);
    // An answer that was lost: the same again is well, something else is not.
    expect((await api.upload(token, 'k1', bytes)).status).toBe(200);
    expect((await api.upload(token, 'k1', other)).status).toBe(409);
    expect((await api.call('GET', '/snapshots/k1/object', { token })).text).toBe('the right bytes');
    expect((await api.call('POST', '/snapshots/k1/complete', { token, body: {} })).status).toBe(200);
  });

  it('treats ids as opaque names, whatever stands in them', async () => {
    const token = await api.token('odd');
    for (const id of ['../../etc/passwd', 'a/b?c#d', '%2e%2e', 'ä ö"\'\\', 'x'.repeat(255)]) {
      const bytes = await api.snapshot(token, id, 'odd');
      const object = await api.call('GET', `/snapshots/${encodeURIComponent(id)}/object`, { token });
      expect([object.status, object.text]).toEqual([200, bytes.toString()]);
      expect(object.headers['content-disposition']).toMatch(/^attachment; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[^\s"]+$/);
    }
    expect(readdirSync(join(api.folder, 'objects')).sort()).toEqual(['objects', 'partial']);
  });

  it('notices an object that changed in its store, and never gives it away as whole', async () => {
    const token = await api.token('rot');
    await api.snapshot(token, 'r1', 'rot', Buffer.alloc(300_000, 'x'));
    const row = await api.site.services.database.read
      .selectFrom('legacy_snapshot')
      .select('object_key')
      .where('id', '=', 'r1')
      .executeTakeFirstOrThrow();
    const path = join(api.folder, 'objects', row.object_key);
    writeFileSync(path, Buffer.alloc(300_000, 'y'));
    await expect(api.call('GET', '/snapshots/r1/object', { token })).rejects.toThrow();
    rmSync(path);
    expect((await api.call('GET', '/snapshots/r1/object', { token })).status).toBe(404);
  });

  it('lets pages of listed origins call, and no others', async () => {
    expect((await api.call('OPTIONS', '/agents', { headers: { origin: 'https://panel.example' } })).status).toBe(404);
    await using open = await FirstApiSite.open({ corsOrigins: ['https://panel.example'] });
    const asked = await open.call('OPTIONS', '/agents', {
      headers: { origin: 'https://panel.example', 'access-control-request-method': 'GET' },
    });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, 'https://panel.example']);
    expect(asked.headers['access-control-allow-credentials']).toBeUndefined();
    const foreign = await open.call('OPTIONS', '/agents', { headers: { origin: 'https://evil.example' } });
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
    const token = await open.token();
    const answer = await open.call('GET', '/agents', { token, headers: { origin: 'https://panel.example' } });
    expect(answer.headers['access-control-allow-origin']).toBe('https://panel.example');
  });

  it('is not there when it is off, and answers its own machine only by default', async () => {
    await using on = await FirstApiSite.open({ reach: 'on' });
    expect((await on.mint({ registration_secret: registrationSecret }, '192.0.2.7')).status).toBe(200);
    const far = await api.mint({ registration_secret: registrationSecret }, '192.0.2.7');
    expect([far.status, far.body.detail]).toEqual([403, expect.stringContaining('LEGACY_API=on')]);
    // Behind a proxy on this machine anybody may be.
    const proxied = await api.call('POST', '/auth/token', {
      body: { registration_secret: registrationSecret },
      headers: { 'x-forwarded-for': '192.0.2.7' },
    });
    expect(proxied.status).toBe(403);
  });

  it('shows its agents in the list of all agents, as what they are', async () => {
    const { body } = await api.site.local<{ items: { hostname: string; kind: string; words: null }[] }>('GET', '/agents');
    expect(body.items.find(({ hostname }) => hostname === 'walker')).toMatchObject({ kind: 'legacy', words: null });
  });
});

describe('the description of the first API', () => {
  it('names every path that answers, and no other', async () => {
    await using api = await FirstApiSite.open();
    type Document = {
      paths: Record<string, Record<string, { tags: string[]; responses: object }>>;
      components: { securitySchemes: object };
    };
    const { body } = await api.call<Document>('GET', '/openapi.json');
    expect(body.components.securitySchemes).toHaveProperty('bearerAuth');
    const described = Object.entries(body.paths).filter(([path]) => !path.startsWith('/api/v1'));
    expect(described.map(([path, methods]) => `${path} ${Object.keys(methods).join(' ')}`)).toEqual([
      '/ get',
      '/health/live get',
      '/health/ready get',
      '/control get',
      '/auth/token post',
      '/auth/ws-ticket post',
      '/snapshots get post',
      '/snapshots/{id} get',
      '/snapshots/{id}/object post get',
      '/snapshots/{id}/complete post',
      '/restore-jobs get post',
      '/restore-jobs/{id} get',
      '/restore-jobs/{id}/logs get',
      '/agents get',
      '/agent/{id}/commands get',
      '/agent/{id}/events post',
      '/ws get',
    ]);
    for (const [path, methods] of described)
      for (const method of Object.keys(methods))
        expect(api.site.app.hasRoute({ method: method.toUpperCase() as 'GET', url: path.replaceAll(/\{(\w+)\}/g, ':$1') })).toBe(true);
  });
});
