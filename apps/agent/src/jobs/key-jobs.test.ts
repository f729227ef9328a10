import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger, Secret, systemClock } from '@fortfail/base';
import { initRepository, openRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';
import {
  cardText,
  grantOrderText,
  namespaces,
  openWith,
  RecoveryKey,
  type Roster,
  readRoster,
  rosterText,
  SigningKey,
  textDigest,
} from '@fortfail/trust';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { HostKeys } from '../identity/host-keys.ts';
import { builtInPolicy, type HostPolicy } from '../policy/host-policy.ts';
import { PasswordFiles } from '../repositories/password-file.ts';
import { RepositoryShelf } from '../repositories/repository-shelf.ts';
import type { JobParts, PayloadOf } from './job-context.ts';
import { jobPerformer } from './perform-job.ts';
import { RestoreSpeed } from './restore-speed.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const site = 'ste_00000000000000aa';
const ids = { a: 'agt_00000000000000aa', b: 'agt_00000000000000bb', repository: 'rep_00000000000000aa' };
const voice = { jobId: 'job_0000000000000001', signal: new AbortController().signal, progress: () => undefined, log: () => undefined };

interface Host {
  readonly parts: JobParts;
  readonly keys: HostKeys;
  readonly data: string;
}

async function makeHost(agentId: string, more: { policy?: Partial<HostPolicy>; roster?: Roster } = {}): Promise<Host> {
  const data = mkdtempSync(join(tmpdir(), 'ff-keys-'));
  folders.push(data);
  const config = readConfig({ FORTFAIL_DATA: data });
  const keys = await HostKeys.ensure(config.agentFolder);
  const shelf = new RepositoryShelf({ passwords: new PasswordFiles(config.agentFolder), clock: systemClock, logger: noLogger });
  const parts: JobParts = {
    config,
    clock: systemClock,
    logger: noLogger,
    shelf,
    speed: new RestoreSpeed(),
    programVersion: 'fortfail 0.0.0',
    self: { agentId: () => agentId, keys },
    policy: async () => ({ ...builtInPolicy, ...more.policy }),
    roster: () => more.roster,
  };
  return { parts, keys, data };
}

const perform = (host: Host, payload: Parameters<ReturnType<typeof jobPerformer>>[0]) => jobPerformer(host.parts)(payload, voice);

/** A repository whose own password costs no time, adopted by the host; the slots that jobs add are real. */
async function withRepository(host: Host): Promise<PayloadOf<'escrow'>['repository']> {
  const repository = { id: ids.repository, name: 'main', location: join(host.data, 'repositories', 'main') };
  const { password } = await host.parts.shelf.passwords.ensure(repository.id);
  await using backend = await openBackend(parseLocation(repository.location));
  await initRepository({ backend, password, hostname: 'h', username: 'u', clock: systemClock, kdf: { N: 2, r: 1, p: 1 } });
  await perform(host, { kind: 'initialise', repository });
  return repository;
}

async function opens(location: string, password: string): Promise<boolean> {
  await using backend = await openBackend(parseLocation(location));
  await using repository = await openRepository({ backend, password: new Secret(password), clock: systemClock });
  return repository.id.length === 64;
}

const toOf = (host: Host, agentId: string): PayloadOf<'grant-slot'>['to'] => ({
  agentId,
  hostname: 'host-b',
  identity: host.keys.identity.thumbprint,
  sealing: host.keys.sealing.recipient,
  signing: host.keys.signing.publicLine,
});

describe('an escrow', () => {
  it('is sealed to the key that the host itself names, and its password opens the repository', async () => {
    const paper = RecoveryKey.generate();
    const host = await makeHost(ids.a, { policy: { recovery: paper.recipient } });
    const repository = await withRepository(host);
    const { result } = await perform(host, { kind: 'escrow', repository, n: 1 });
    if (result?.kind !== 'escrow') throw new Error('no escrow');
    expect(result.recipient).toBe(paper.recipient);
    const beside = readFileSync(`${repository.location}.fortfail/escrow-1.age`, 'utf8');
    expect(beside).toBe(result.sealed);
    const content = JSON.parse(Buffer.from(await openWith(paper.secret, result.sealed)).toString()) as { password: string; key_id: string };
    expect(content.key_id).toBe(result.keyId);
    expect(await opens(repository.location, content.password)).toBe(true);
    await expect(openWith(RecoveryKey.generate().secret, result.sealed)).rejects.toThrow();
  });

  it('is refused where the host names no recovery key, whoever asks', async () => {
    const host = await makeHost(ids.a);
    const repository = await withRepository(host);
    await expect(perform(host, { kind: 'escrow', repository, n: 1 })).rejects.toMatchObject({ kind: 'denied', code: 'no-recovery-key' });
  });

  const program = process.env.RESTIC_019 ?? process.env.RESTIC_014 ?? 'restic';
  const restic = spawnSync(program, ['version']).error === undefined;
  if (!restic) process.stderr.write('skipped: opening an escrowed slot with restic (it is not installed)\n');
  it.skipIf(!restic)('lets restic in with the password from the paper', async () => {
    const paper = RecoveryKey.generate();
    const host = await makeHost(ids.a, { policy: { recovery: paper.recipient } });
    const repository = await withRepository(host);
    const { result } = await perform(host, { kind: 'escrow', repository, n: 1 });
    if (result?.kind !== 'escrow') throw new Error('no escrow');
    const { password } = JSON.parse(Buffer.from(await openWith(paper.secret, result.sealed)).toString()) as { password: string };
    const env = { ...process.env, RESTIC_PASSWORD: password, RESTIC_REPOSITORY: repository.location };
    expect(spawnSync(program, ['snapshots', '--no-cache'], { env }).status).toBe(0);
  });
});

describe('a key slot for another host', () => {
  it('goes from host to host sealed, and opens the repository there', async () => {
    const a = await makeHost(ids.a);
    const b = await makeHost(ids.b);
    const repository = await withRepository(a);
    const grant = { kind: 'grant-slot', repository, grantId: 'grt_1', to: toOf(b, ids.b), card: null, order: null, roster: null } as const;
    const { result } = await perform(a, grant);
    if (result?.kind !== 'grant-slot') throw new Error('no slot');
    expect(result.sealed).not.toContain(readFileSync(a.parts.shelf.passwords.pathOf(repository.id), 'utf8').trim());
    const accepted = await perform(b, { kind: 'accept-slot', repository, grantId: 'grt_1', from: ids.a, sealed: result.sealed });
    expect(accepted.result).toMatchObject({ kind: 'accept-slot', keyId: result.keyId });
    const kept = b.parts.shelf.passwords.pathOf(repository.id);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
    expect(await opens(repository.location, readFileSync(kept, 'utf8').trim())).toBe(true);
    expect(await b.parts.shelf.passwords.cards()).toMatchObject([{ id: repository.id, from: ids.a }]);
    // Delivered twice, it is the same.
    await perform(b, { kind: 'accept-slot', repository, grantId: 'grt_1', from: ids.a, sealed: result.sealed });
  });

  it('opens nothing for a host that it is not sealed to', async () => {
    const [a, b, thief] = [await makeHost(ids.a), await makeHost(ids.b), await makeHost('agt_00000000000000cc')];
    const repository = await withRepository(a);
    const grant = { kind: 'grant-slot', repository, grantId: 'grt_1', to: toOf(b, ids.b), card: null, order: null, roster: null } as const;
    const { result } = await perform(a, grant);
    if (result?.kind !== 'grant-slot') throw new Error('no slot');
    const accept = { kind: 'accept-slot', repository, grantId: 'grt_1', from: ids.a, sealed: result.sealed } as const;
    await expect(perform(thief, accept)).rejects.toMatchObject({ kind: 'denied', code: 'slot-not-ours' });
    const elsewhere = { ...accept, repository: { ...repository, location: join(b.data, 'other') } };
    await expect(perform(b, elsewhere)).rejects.toMatchObject({ kind: 'denied', code: 'slot-other' });
    expect(await b.parts.shelf.passwords.cards()).toEqual([]);
  });

  describe('that an admin signed', () => {
    const signed = async (change: { sealing?: string; to?: string; signer?: SigningKey } = {}) => {
      const owner = SigningKey.generate();
      const admin = SigningKey.generate();
      const now = Date.now();
      const at = (days: number) => new Date(now + days * 86_400_000).toISOString();
      const text = rosterText({
        v: 1,
        site,
        serial: 1,
        made: at(0),
        until: at(300),
        ca: [],
        evidence: [],
        admins: [{ name: 'ada', key: admin.publicLine, rights: ['grant'], until: at(300) }],
        four_eyes: {},
        revoked: [],
      });
      const roster = readRoster({ text, signature: owner.sign(text, namespaces.roster), owner: owner.publicLine });
      const a = await makeHost(ids.a, { roster });
      const b = await makeHost(ids.b);
      const thief = await makeHost('agt_00000000000000cc');
      const repository = await withRepository(a);
      const card = cardText({
        v: 1,
        site,
        agent: ids.b,
        identity_jkt: b.keys.identity.thumbprint,
        sealing: b.keys.sealing.recipient,
        signing: b.keys.signing.publicLine,
        kind: 'agent',
        not_after: at(100),
      });
      const order = grantOrderText({
        v: 1,
        site,
        action: 'grant',
        repository: repository.id,
        from: ids.a,
        to: change.to ?? ids.b,
        card: textDigest(card),
        made: at(0),
        until: at(1),
      });
      const signer = change.signer ?? admin;
      const payload: PayloadOf<'grant-slot'> = {
        kind: 'grant-slot',
        repository,
        grantId: 'grt_1',
        to: { ...toOf(b, ids.b), ...(change.sealing === 'thief' ? { sealing: thief.keys.sealing.recipient } : {}) },
        card: { text: card, signature: signer.sign(card, namespaces.card) },
        order: { text: order, signature: signer.sign(order, namespaces.grant) },
        roster: null,
      };
      return { a, b, payload };
    };

    it('is made and taken', async () => {
      const { a, b, payload } = await signed();
      const { result } = await perform(a, payload);
      if (result?.kind !== 'grant-slot') throw new Error('no slot');
      await perform(b, { kind: 'accept-slot', repository: payload.repository, grantId: 'grt_1', from: ids.a, sealed: result.sealed });
    });

    it('is refused when the orchestrator swaps the recipient, the order or the signer', async () => {
      for (const [change, code] of [
        [{ sealing: 'thief' }, 'card-other'],
        [{ to: 'agt_00000000000000dd' }, 'grant-other'],
        [{ signer: SigningKey.generate() }, 'signature-key'],
      ] as const) {
        const { a, payload } = await signed(change);
        await expect(perform(a, payload)).rejects.toMatchObject({ kind: 'denied', code });
      }
    });
  });
});
