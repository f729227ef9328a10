import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent, AuditWitness, Drill, RepositoryGrant, Restore } from '@fortfail/protocol';
import { removeTree } from '@fortfail/source';
import { describeTree, makeNastyTree } from '@fortfail/source/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Host, nobody, patienceMs, printed, SiteTalk } from '../support/hosts.ts';
import { HostNetwork } from '../support/hosts-network.ts';
import { must, type Program } from '../support/programs.ts';
import { Site, until } from '../support/site.ts';

const isRoot = process.getuid?.() === 0;
const sshKeygen: Program = { name: 'ssh-keygen', file: 'ssh-keygen', before: [] };

/**
 * Three hosts as somebody meets them who reads the help: the site, a server of root, and a desk of an ordinary user. Each is
 * a network namespace with a name of its own where that works, else a folder and a user. The tests follow upon each other.
 */
describe.skipIf(!isRoot)('three hosts', () => {
  let folder: string;
  let network: HostNetwork;
  let site: Site;
  let talk: SiteTalk;
  /** A server of root, another one, and a user's desk. */
  let anna: Host;
  let bert: Host;
  let carl: Host;
  let hosts: readonly Host[];
  const ids = new Map<string, string>();
  const plans = new Map<string, string>();
  const points = new Map<string, string>();
  const treeOf = (host: Host): string => join(host.folder, 'tree');
  const idOf = (host: Host): string => ids.get(host.name) ?? '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fortfail-hosts-'));
    chmodSync(folder, 0o755);
    network = HostNetwork.open(['hub', 'anna', 'bert', 'carl']);
    const hub = new Host(folder, 'hub', { network });
    site = new Site(hub.data, [], { env: { ...hub.env } }, hub.program);
    talk = new SiteTalk(site.client);
    anna = new Host(folder, 'anna', { network });
    bert = new Host(folder, 'bert', { network });
    carl = new Host(folder, 'carl', { network, uid: nobody });
    hosts = [anna, bert, carl];
    await site.said(/FortFail is up/);
  }, 240_000);
  afterAll(async () => {
    for (const host of hosts ?? []) await host.kill('SIGTERM');
    await site?.stop();
    network?.[Symbol.dispose]();
    if (process.env.FORTFAIL_TEST_KEEP !== '1' && folder !== undefined) removeTree(Buffer.from(folder));
  }, 120_000);

  /** A command typed on the machine of the site. */
  const onSite = async (args: readonly string[], code = 0) => {
    const hub = new Host(folder, 'hub', { network });
    return await hub.do(args, { code });
  };
  /** The six words in a sentence that asks for consent. */
  const wordsIn = (sentence: string): string[] => /words are: ([a-z]+(?: [a-z]+){5})/.exec(sentence)?.[1]?.split(' ') ?? [];
  const settledRestore = (restoreId: string): Promise<Restore> =>
    until(
      'the restore to end',
      async () => {
        const seen = await talk.client.ask('getRestore', { params: { restoreId } });
        return seen.status === 'proposing' || seen.status === 'applying' ? undefined : seen;
      },
      patienceMs,
    );

  it('are exposed, joined by one pasted line each, and show the same six words on both sides', async () => {
    const first = await onSite(['expose', '--name', network.address, '--port', '0']);
    expect(first.stdout).toMatch(/^printf %s 'ffjoin1\S+' \| sudo fortfail agent enrol\n$/);
    const joined = [/'(.*)'/.exec(first.stdout)?.[1] ?? ''];
    for (let index = 1; index < hosts.length; index += 1)
      joined.push(printed<{ joinString: string }>(await onSite(['join', '--json'])).joinString);
    for (const [index, host] of hosts.entries()) {
      const enrolled = await host.enrol(joined[index] ?? '');
      expect(enrolled).toMatchObject({ status: 'active', owner: null });
      ids.set(host.name, enrolled.agentId);
      const listed = printed<Agent[]>(await onSite(['agent', 'list', '--json'])).find(({ id }) => id === enrolled.agentId);
      expect(listed?.words).toEqual(enrolled.words);
      expect((await host.do(['agent', 'show'])).stdout).toContain(enrolled.words.join(' '));
      if (network.isReal) expect(listed?.hostname).toBe(host.name);
      await host.start();
      await talk.connected(enrolled.agentId);
    }
    expect(statSync(carl.data).uid).toBe(nobody);
  });

  it('refuse a join string as an argument, one that was used, and one that was changed', async () => {
    const stranger = new Host(folder, 'stranger');
    const { joinString } = await talk.joinString();
    expect((await stranger.try(['agent', 'enrol', joinString])).stderr).toMatch(/take a join string as an argument/);
    expect((await stranger.try(['agent', 'enrol'], `${joinString.slice(0, 30)}x${joinString.slice(31)}`)).code).toBe(2);
    expect(existsSync(join(stranger.data, 'agent', 'site.json'))).toBe(false);
  });

  it('each back up what a plan of the site names, into a repository of their own', async () => {
    makeNastyTree(treeOf(anna));
    for (const host of [bert, carl]) {
      mkdirSync(join(treeOf(host), 'letters'), { recursive: true });
      for (let index = 0; index < 200; index += 1)
        writeFileSync(join(treeOf(host), 'letters', `${index}.txt`), `${host.name} writes letter ${index}\n`.repeat(50));
    }
    for (const path of [treeOf(carl), join(treeOf(carl), 'letters')]) chownSync(path, nobody, nobody);
    for (const name of readdirSync(join(treeOf(carl), 'letters'))) chownSync(join(treeOf(carl), 'letters', name), nobody, nobody);
    for (const host of hosts) {
      const repositoryId = await talk.repository(`of-${host.name}`, join(host.data, 'repositories', 'main'), idOf(host));
      plans.set(host.name, await talk.plan(`tree-of-${host.name}`, repositoryId, [treeOf(host)]));
      points.set(host.name, await talk.backUp(plans.get(host.name) ?? ''));
    }
    expect(statSync(join(carl.data, 'repositories', 'main', 'config')).uid).toBe(nobody);
  });

  it('each prove a restore, with evidence that stock ssh-keygen verifies', async () => {
    for (const host of hosts) {
      const drill = printed<Drill>(await onSite(['drill', 'start', `tree-of-${host.name}`, '--wait', '--json']));
      expect(drill).toMatchObject({ outcome: 'passed', differenceCount: 0 });
      const out = join(folder, `evidence-${host.name}`);
      await onSite(['drill', 'evidence', drill.id, '--out', out]);
      const files = readdirSync(out).filter((name) => name.endsWith('.json'));
      expect(files.sort()).toEqual([`evidence-${drill.id}.json`, `result-${drill.id}.json`]);
      const signers = readFileSync(join(out, 'allowed_signers'), 'utf8');
      for (const file of files) {
        const signer = file.startsWith('evidence-') ? 'evidence' : idOf(host);
        expect(signers).toMatch(new RegExp(`^${signer} `, 'm'));
        const args = ['-Y', 'verify', '-f', 'allowed_signers', '-I', signer, '-n', 'fortfail-evidence@v1', '-s', `${file}.sig`];
        const text = readFileSync(join(out, file), 'utf8');
        expect((await must(sshKeygen, args, { cwd: out, input: text })).stdout).toMatch(/^Good "fortfail-evidence@v1" signature/);
        await must(sshKeygen, args, { cwd: out, input: text.replace('"passed"', '"failed"') }, 255);
      }
    }
  });

  it('do not restore each other’s points without a key, which a person on the owning host has to give', async () => {
    const refused = await onSite(['point', 'restore', points.get('anna') ?? '', '--on', idOf(bert), '--yes'], 21);
    expect(refused.stderr).toMatch(/no key slot of repository 'of-anna'/);
    const grant = ['repo', 'grant', 'of-anna', '--to', idOf(bert), '--unsigned', '--yes', '--wait', '--json'];
    const asked = printed<RepositoryGrant>(await onSite(grant, 3));
    const words = wordsIn(asked.sentence);
    expect(words).toHaveLength(6);
    expect((await anna.do(['agent', 'show'])).stdout).toContain(`fortfail agent approve ${words.join(' ')}`);
    expect((await bert.try(['agent', 'approve', ...words])).stderr).toMatch(/unable to find an order named/);
    expect((await anna.do(['agent', 'approve', ...words])).stdout).toContain('Consented');
    expect(printed<RepositoryGrant>(await onSite(grant)).status).toBe('accepted');
  });

  it('restore another host’s point after somebody there consented, with every byte and all metadata', async () => {
    const ordered = await onSite(['point', 'restore', points.get('anna') ?? '', '--on', idOf(bert), '--yes', '--json'], 3);
    const waiting = printed<Restore>(ordered);
    const words = wordsIn(waiting.error?.message ?? '');
    expect([waiting.error?.code, words.length]).toEqual(['consent-needed', 6]);
    await bert.do(['agent', 'approve', ...words]);
    const done = printed<Restore>(await onSite(['point', 'restore', '--apply', waiting.id, '--yes', '--json']));
    expect(done).toMatchObject({ status: 'succeeded', agentId: idOf(bert), report: { errors: 0 } });
    const back = join(done.report?.target ?? '', treeOf(anna));
    expect(back.startsWith(join(bert.data, 'restore'))).toBe(true);
    expect(describeTree(back)).toEqual(describeTree(treeOf(anna)));
  });

  it('use a consent once', async () => {
    const again = printed<Restore>(await onSite(['point', 'restore', points.get('anna') ?? '', '--on', idOf(bert), '--yes', '--json'], 3));
    expect(again.error?.code).toBe('consent-needed');
  });

  it('name the owner of a kit, and seal their keys to it where the kit opens them', async () => {
    const { gid } = statSync(folder);
    await must(sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'ivo', '-f', join(folder, 'ivo')]);
    expect(gid).toBe(0);
    const kit = join(folder, 'kit.txt');
    await onSite(['kit', 'create', '--key-file', kit, '--yes', '--admin-key', join(folder, 'ivo.pub')]);
    expect(statSync(kit).mode & 0o777).toBe(0o600);
    const { owner, recipient } = await talk.client.ask('getKit', {});
    for (const host of hosts) {
      await host.do(['agent', 'owner', 'set', '--recovery', recipient ?? '', owner ?? '']);
      await talk.agentBecomes(idOf(host), 'obeying the owner', ({ hasOwner }) => hasOwner);
    }
    const state = await until(
      'every repository to be sealed',
      async () => {
        const seen = await talk.client.ask('getKit', {});
        return seen.repositories.every(({ escrowed }) => escrowed) ? seen : undefined;
      },
      patienceMs,
    );
    expect(state.repositories.map(({ name }) => name).sort()).toEqual(['main', 'of-anna', 'of-bert', 'of-carl']);
    for (const host of hosts) {
      expect(existsSync(join(host.data, 'repositories', 'main.fortfail', 'escrow-1.age'))).toBe(true);
      const tested = await onSite(['kit', 'test', '--key-file', kit, '--repository', `of-${host.name}`]);
      expect(tested.stdout).toMatch(/the password in it opens the repository/);
    }
    expect((await onSite(['kit', 'show'])).stdout).toMatch(/confirmed/);
  });

  it('give a key and restore by an admin’s SSH signature, with nobody on either host', async () => {
    const key = ['--key', join(folder, 'ivo'), '--yes'];
    const granted = printed<RepositoryGrant>(await onSite(['repo', 'grant', 'of-carl', '--to', idOf(anna), ...key, '--wait', '--json']));
    expect(granted).toMatchObject({ status: 'accepted', fromAgentId: idOf(carl), toAgentId: idOf(anna) });
    const proposed = printed<Restore>(
      await onSite(['point', 'restore', points.get('carl') ?? '', '--on', idOf(anna), '--dry-run', '--json']),
    );
    await onSite(['approve', proposed.id, ...key]);
    const done = printed<Restore>(await onSite(['point', 'restore', '--apply', proposed.id, '--yes', '--json']));
    expect(done).toMatchObject({ status: 'succeeded', approvals: [{ by: 'ssh' }] });
    expect(describeTree(join(done.report?.target ?? '', treeOf(carl)))).toEqual(describeTree(treeOf(carl)));
  });

  it('take no signature of somebody whom the roster does not name', async () => {
    await must(sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'eve', '-f', join(folder, 'eve')]);
    const key = ['--key', join(folder, 'eve'), '--yes'];
    const grant = await onSite(['repo', 'grant', 'of-bert', '--to', idOf(carl), ...key, '--wait', '--json'], 3);
    expect(printed<RepositoryGrant>(grant).status).toBe('refused');
    const proposed = printed<Restore>(
      await onSite(['point', 'restore', points.get('anna') ?? '', '--on', idOf(bert), '--dry-run', '--json']),
    );
    await onSite(['approve', proposed.id, ...key]);
    await onSite(['point', 'restore', '--apply', proposed.id, '--yes'], 3);
    expect((await settledRestore(proposed.id)).error?.code).toBe('consent-needed');
  });

  it('bear witness for the audit chain', async () => {
    const verified = await until(
      'a signed head to reach every host',
      async () => {
        const outcome = await onSite(['audit', 'verify', '--witnesses', '--json']);
        const { whole, witnesses } = printed<{ whole: boolean; witnesses: AuditWitness[] }>(outcome);
        const ours = witnesses.filter(({ agentId }) => [...ids.values()].includes(agentId));
        return ours.length === 3 && ours.every(({ seq }) => seq !== null) ? { whole, witnesses } : undefined;
      },
      patienceMs,
    );
    expect(verified.whole).toBe(true);
    for (const { verdict } of verified.witnesses) expect(['agrees', 'behind']).toContain(verdict);
  });

  it('settle what was under way when a cable is pulled out and put back', async () => {
    const planId = plans.get('bert') ?? '';
    writeFileSync(join(treeOf(bert), 'letters', 'large'), Buffer.alloc(60_000_000, 'ff'));
    const { job } = await talk.client.ask('backUp', { params: { planId } });
    await until('the job to begin', async () => {
      const { status } = await talk.client.ask('getJob', { params: { jobId: job.id } });
      return status !== 'queued' && status !== 'leased' ? true : undefined;
    });
    network.cut('bert');
    if (network.isReal) await talk.agentBecomes(idOf(bert), 'gone', ({ connected }) => !connected);
    network.mend('bert');
    const end = await talk.settled(job.id);
    expect(end).toMatchObject({ status: 'succeeded' });
    const known = (await talk.client.ask('listRestorePoints', { query: { planId } })).items;
    expect(known.filter(({ snapshot }) => snapshot === end.result?.snapshot)).toHaveLength(1);
  });
});
