import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditHead, AuditWitness, SignedEvidence } from '@fortfail/protocol';
import { runnerStatement } from '@fortfail/protocol';
import { namespaces, SigningKey } from '@fortfail/trust';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import type { Database, Engine } from '../database/database.ts';
import { databaseSuite } from '../testing/database-suite.ts';
import { backupResult, drillResult, readySite, type TestAgent, type TestSite } from '../testing/test-site.ts';
import { HeadSigner } from './signed-heads.ts';
import { askWitnesses } from './witnesses.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const hasSshKeygen = spawnSync('ssh-keygen', ['-Y', 'verify']).error === undefined;
if (!hasSshKeygen) process.stderr.write('skipped: verification by stock ssh-keygen (it is not installed)\n');

/** What the stock tool says of a signed text, on a machine that knows nothing but these files. */
function sshKeygenVerifies(file: { text: string; signature: string; signer: string; namespace: string }, allowedSigners: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'ff-signed-'));
  folders.push(folder);
  writeFileSync(join(folder, 'allowed_signers'), allowedSigners);
  writeFileSync(join(folder, 'text.sig'), file.signature);
  const args = ['-Y', 'verify', '-f', 'allowed_signers', '-I', file.signer, '-n', file.namespace, '-s', 'text.sig'];
  return spawnSync('ssh-keygen', args, { cwd: folder, input: file.text }).status === 0;
}

async function withoutGuards(database: Database, engine: Engine, statement: string): Promise<void> {
  const drops =
    engine === 'sqlite'
      ? ['drop trigger if exists audit_no_update', 'drop trigger if exists audit_no_delete']
      : ['drop trigger if exists audit_no_change on audit', 'drop trigger if exists audit_no_truncate on audit'];
  await database.transaction(async (tx) => {
    for (const one of [...drops, statement]) await sql.raw(one).execute(tx);
  });
}

/** The agent's answers to the question `witness`, from the heads it was sent. */
async function answerWitness(site: TestSite, agent: TestAgent, heads: readonly AuditHead[]): Promise<AuditWitness[]> {
  const asked = askWitnesses(site.services);
  for (const chain of ['main', 'access']) {
    const ask = await agent.next('ask');
    const result = { heads: heads.filter((head) => head.chain === chain) };
    await agent.send({ type: 'answer', id: ask.id, ok: true, result, error: null });
  }
  return asked;
}

databaseSuite('signed heads of the audit chain', (open, engine) => {
  const signedSite = async () => {
    const ready = await readySite(await open());
    const signer = new HeadSigner(ready.site.services);
    await signer.prepare();
    return { ...ready, signer, database: ready.site.services.database };
  };

  it('are made once per state of a chain and sent to the agents', async () => {
    const { site, agent, signer } = await signedSite();
    await using _site = site;
    const first = await signer.signNow();
    expect(first.map(({ chain }) => chain)).toContain('main');
    expect(await signer.signNow()).toEqual([]);
    expect((await agent.next('head')).head).toEqual(first[0]);
    await site.local('POST', '/login-links');
    const [next] = await signer.signNow();
    expect(next?.seq).toBeGreaterThan(first[0]?.seq ?? 0);
    const listed = await site.local<{ items: AuditHead[] }>('GET', '/audit/heads?limit=1');
    expect(listed.body.items).toEqual([next]);
  });

  it('are agreed to by an honest witness, and told apart from a chain that went on', async () => {
    const { site, agent, signer } = await signedSite();
    await using _site = site;
    const heads = await signer.signNow();
    expect(await answerWitness(site, agent, heads)).toMatchObject([{ verdict: 'agrees' }]);
    await site.local('POST', '/login-links');
    expect(await answerWitness(site, agent, heads)).toMatchObject([{ verdict: 'behind' }]);
  });

  it('betray a chain that was cut', async () => {
    const { site, agent, signer, database } = await signedSite();
    await using _site = site;
    const heads = await signer.signNow();
    const seq = heads[0]?.seq ?? 0;
    await withoutGuards(database, engine, `delete from audit where chain = 'main' and seq = ${seq}`);
    const [found] = await answerWitness(site, agent, heads);
    expect(found).toMatchObject({ verdict: 'ahead', seq });
    expect(found?.sentence).toContain(`record ${seq}`);
  });

  it('betray a chain that was rewritten whole, even by somebody who has the signing key', async () => {
    const { site, agent, signer, database } = await signedSite();
    await using _site = site;
    const heads = await signer.signNow();
    const seq = heads[0]?.seq ?? 0;
    await withoutGuards(database, engine, `update audit set hash = '${'f'.repeat(64)}' where chain = 'main' and seq = ${seq}`);
    await database.transaction((tx) => tx.deleteFrom('signed_head').execute());
    expect(await answerWitness(site, agent, heads)).toMatchObject([{ verdict: 'differs', seq }]);
  });

  it('cannot be made up by a witness', async () => {
    const { site, agent, signer } = await signedSite();
    await using _site = site;
    const [head] = await signer.signNow();
    const forged: AuditHead[] =
      head === undefined
        ? []
        : [
            { ...head, hash: 'f'.repeat(64) },
            { ...head, seq: head.seq + 5 },
          ];
    expect(forged).toHaveLength(2);
    const [found] = await answerWitness(site, agent, forged);
    expect(found?.verdict).not.toBe('differs');
    expect(found?.verdict).not.toBe('ahead');
  });

  it('of a witness that contradicts raise an alert', async () => {
    const { site, agent } = await signedSite();
    await using _site = site;
    await agent.send({
      type: 'witness',
      chain: 'main',
      headSeq: 3,
      hash: 'a'.repeat(64),
      seenAt: site.clock.now().toISOString(),
      verdict: 'differs',
    });
    const alerts = await site.local<{ items: { kind: string; severity: string }[] }>('GET', '/alerts?open=true');
    expect(alerts.body.items).toMatchObject([{ kind: 'witness-differs', severity: 'broken' }]);
  });

  it('list records by action, actor, object and moment', async () => {
    const { site } = await signedSite();
    await using _site = site;
    const list = async (query: string) =>
      (await site.local<{ items: { body: string }[] }>('GET', `/audit?limit=200&${query}`)).body.items.map(
        ({ body }) => JSON.parse(body) as { action: string; actor: { kind: string }; object: { kind: string } },
      );
    const all = await list('');
    expect(await list('action=plan.create')).toHaveLength(1);
    expect((await list('action=job.')).every(({ action }) => action.startsWith('job.'))).toBe(true);
    expect((await list('action=job.')).length).toBe(all.filter(({ action }) => action.startsWith('job.')).length);
    expect((await list('actor=agent')).every(({ actor }) => actor.kind === 'agent')).toBe(true);
    expect((await list('object=plan')).every(({ object }) => object.kind === 'plan')).toBe(true);
    expect(await list('since=2999-01-01')).toEqual([]);
    expect(await list('until=2000-01-01T00:00:00Z')).toEqual([]);
    expect((await site.local('GET', '/audit?since=yesterday')).status).toBe(400);
  });
});

type Statement = { readonly text: string; readonly signature: string };

databaseSuite('signed evidence of a drill', (open) => {
  const drilled = async (key: SigningKey, sign: (statement: string) => Statement | undefined) => {
    const { site, agent, planId } = await readySite(await open());
    await site.services.database.transaction((tx) => tx.updateTable('agent').set({ signing: key.publicLine }).execute());
    await site.local('POST', `/plans/${planId}/backup`);
    await agent.succeed(await agent.lease(site), backupResult(5, site.clock.now()));
    const { body } = await site.local<{ job: { id: string; drillId: string } }>('POST', `/plans/${planId}/drill`);
    const lease = await agent.lease(site);
    const result = drillResult('passed', site.clock.now());
    const signed = sign(runnerStatement(body.job.drillId, body.job.id, agent.agentId, result));
    await agent.succeed(lease, signed === undefined ? result : { ...result, signed });
    await new HeadSigner(site.services).prepare();
    const evidence = await site.local<SignedEvidence>('GET', `/drills/${body.job.drillId}/evidence`);
    return { site, agent, evidence: evidence.body };
  };
  const kinds = (evidence: SignedEvidence) => evidence.files.map(({ name }) => name.split('-')[0]);

  it.skipIf(!hasSshKeygen)('verifies with stock ssh-keygen, and no longer with one byte changed', async () => {
    const { site, evidence } = await drilled(SigningKey.generate(), () => undefined);
    await using _site = site;
    const [file] = evidence.files;
    if (file === undefined) throw new Error('no evidence');
    expect(sshKeygenVerifies(file, evidence.allowedSigners)).toBe(true);
    expect(sshKeygenVerifies({ ...file, text: file.text.replace('passed', 'failed') }, evidence.allowedSigners)).toBe(false);
    expect(sshKeygenVerifies({ ...file, namespace: namespaces.auditHead }, evidence.allowedSigners)).toBe(false);
    expect(JSON.parse(file.text)).toMatchObject({ outcome: 'passed', runner: { signed: null }, not_tested: ['boot'] });
  });

  it.skipIf(!hasSshKeygen)("keeps the runner's own statement beside the site's, each by its own key", async () => {
    const key = SigningKey.generate();
    const { site, agent, evidence } = await drilled(key, (text) => ({ text, signature: key.sign(text, namespaces.evidence) }));
    await using _site = site;
    expect(kinds(evidence)).toEqual(['evidence', 'result']);
    expect(evidence.files.map(({ signer }) => signer)).toEqual(['evidence', agent.agentId]);
    for (const file of evidence.files) expect(sshKeygenVerifies(file, evidence.allowedSigners)).toBe(true);
  });

  it('leaves out a statement that says other than was reported, or that another key signed', async () => {
    const key = SigningKey.generate();
    for (const sign of [
      (text: string): Statement => ({ text: `${text} `, signature: key.sign(`${text} `, namespaces.evidence) }),
      (text: string): Statement => ({ text, signature: SigningKey.generate().sign(text, namespaces.evidence) }),
      (text: string): Statement => ({ text, signature: 'none' }),
    ]) {
      const { site, evidence } = await drilled(key, sign);
      await using _site = site;
      expect(kinds(evidence)).toEqual(['evidence']);
      const refused = await site.local<{ items: object[] }>('GET', '/audit?action=evidence.refuse');
      expect(refused.body.items).toHaveLength(1);
    }
  });
});

describe('a drill that found a difference', () => {
  databaseSuite('is signed as failed', (open) => {
    it('whatever its runner called it', async () => {
      const { site, agent, planId } = await readySite(await open());
      await using _site = site;
      await site.local('POST', `/plans/${planId}/backup`);
      await agent.succeed(await agent.lease(site), backupResult(5, site.clock.now()));
      const { body } = await site.local<{ job: { drillId: string } }>('POST', `/plans/${planId}/drill`);
      await agent.succeed(await agent.lease(site), { ...drillResult('failed', site.clock.now()), outcome: 'passed' });
      const evidence = await site.local<SignedEvidence>('GET', `/drills/${body.job.drillId}/evidence`);
      expect(JSON.parse(evidence.body.files[0]?.text ?? '')).toMatchObject({ outcome: 'failed', differences: 1 });
    });
  });
});
