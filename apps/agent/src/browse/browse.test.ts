import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger, systemClock } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { backup } from '@fortfail/engine';
import {
  type Approval,
  type BrowseQuestion,
  browseQuestion,
  filePreview,
  fileVersions,
  foundFiles,
  sealedAnswer,
} from '@fortfail/protocol';
import { initRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';
import { approvalText, generateSealingKey, namespaces, openWith, type Roster, roster as rosterSchema, SigningKey } from '@fortfail/trust';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateFolder } from '../durable-file.ts';
import { PasswordFiles } from '../repositories/password-file.ts';
import { RepositoryShelf } from '../repositories/repository-shelf.ts';
import { BrowseDesk } from './browse-desk.ts';
import { BrowseGuard, type BrowseRules, browseDigest } from './browse-guard.ts';
import { paddedLength } from './seal-answer.ts';
import { Turnstile } from './turnstile.ts';

const agentId = 'agt_00000000000000aa';
const minuteMs = 60_000;
const clock = new FakeClock();
const admin = SigningKey.generate();
const stranger = SigningKey.generate();

let folder: string;
let desk: BrowseDesk;
let shelf: RepositoryShelf;
let first: string;
let snapshots: string[];
let rules: BrowseRules;
let consents: string[];
let hasOwner: boolean;

const reference = () => ({ id: 'rep_0000000000000001', name: 'main', location: join(folder, 'repository') });
const at = (afterMs: number): string => new Date(clock.now().getTime() + afterMs).toISOString();

const rosterOfSite = (): Roster =>
  rosterSchema.parse({
    v: 1,
    site: 'home',
    serial: 1,
    made: at(-minuteMs),
    until: at(300 * 86_400_000),
    ca: [],
    evidence: [],
    admins: [{ name: 'Mara', key: admin.publicLine, rights: ['approve'], until: at(300 * 86_400_000) }],
    four_eyes: {},
    revoked: [],
  });

interface ApprovalFacts {
  readonly recipient?: string | undefined;
  readonly hosts?: string[];
  readonly action?: string;
  readonly paths?: string[];
  readonly minutes?: number;
  readonly by?: SigningKey;
}
const approve = ({ recipient, hosts = [agentId], action = 'browse', paths, minutes = 15, by = admin }: ApprovalFacts): Approval => {
  const text = approvalText({
    v: 1,
    site: 'home',
    action,
    hosts,
    ...(recipient === undefined ? {} : { recipient }),
    ...(paths === undefined ? {} : { paths }),
    by: 'Mara',
    made: at(0),
    until: at(minutes * minuteMs),
  });
  return { by: 'ssh', signed: { text, signature: by.sign(text, namespaces.approval) } };
};

async function backUp(): Promise<string> {
  return await shelf.use(reference(), async (repository) => {
    const options = { hostname: 'host', username: 'user', programVersion: 'fortfail 0.0.0', threads: 1, clock: systemClock };
    await backup(repository, { ...options, targets: [join(folder, 'source')], workingFolder: folder });
    return (await repository.findSnapshot('latest')).id;
  });
}

const newShelf = (): RepositoryShelf =>
  new RepositoryShelf({ passwords: new PasswordFiles(join(folder, 'agent')), clock: systemClock, logger: noLogger });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ff-look-'));
  await makePrivateFolder(join(folder, 'agent'));
  shelf = newShelf();
  const { password } = await shelf.passwords.ensure(reference().id);
  const backend = await openBackend(parseLocation(reference().location));
  await initRepository({ backend, password, hostname: 'h', username: 'u', clock: systemClock, kdf: { N: 2, r: 1, p: 1 } });
  mkdirSync(join(folder, 'source', 'deep'), { recursive: true });
  writeFileSync(join(folder, 'source', 'notes.txt'), 'first');
  writeFileSync(join(folder, 'source', 'deep', 'secret-notes.txt'), 'deep secret');
  writeFileSync(Buffer.concat([Buffer.from(join(folder, 'source', 'raw-')), Buffer.of(0xff)]), 'bytes');
  first = await backUp();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  snapshots = [first];
  rules = { browse: 'webauthn', signers: ['ssh', 'webauthn'] };
  hasOwner = true;
  consents = [];
  const guard = new BrowseGuard({
    clock,
    agentId: () => agentId,
    isResident: false,
    rules: async () => rules,
    roster: async () => (hasOwner ? rosterOfSite() : null),
    useConsent: async (digest) => consents.splice(0).includes(digest),
  });
  desk = new BrowseDesk({ shelf, clock, guard });
});

type Input = { ask: BrowseQuestion['ask'] } & Record<string, unknown>;

/** Asks as the resident agent is asked, where answers may leave in plain. */
async function open(question: Input): Promise<unknown> {
  const guard = new BrowseGuard({
    clock,
    agentId: () => agentId,
    isResident: true,
    rules: async () => ({ browse: 'session', signers: [] }),
    roster: async () => null,
    useConsent: async () => false,
  });
  const answer = await new BrowseDesk({ shelf, clock, guard }).answer({
    method: 'browse',
    repository: reference(),
    snapshots,
    question: browseQuestion.parse(question),
    session: { recipient: '', approval: null },
  });
  const sealed = sealedAnswer.parse(answer);
  if (sealed.form !== 'open') throw new Error('expected an open answer');
  return sealed.value;
}

async function sealed(question: Input, recipient: string, approval: Approval | null): Promise<string> {
  const answer = sealedAnswer.parse(
    await desk.answer({
      method: 'browse',
      repository: reference(),
      snapshots,
      question: browseQuestion.parse(question),
      session: { recipient, approval },
    }),
  );
  if (answer.form !== 'sealed') throw new Error('expected a sealed answer');
  return answer.age;
}

const opened = async (identity: string, age: string): Promise<{ question: BrowseQuestion; value: Record<string, unknown> }> =>
  JSON.parse(Buffer.from(await openWith(identity, age)).toString('utf8'));

describe('looks', () => {
  const source = () => join(folder, 'source');

  it('list a folder, and find names wherever they are', async () => {
    const listing = (await open({ ask: 'list', path: source() })) as { entries: { name: string }[] };
    expect(listing.entries.map(({ name }) => name)).toEqual(['deep', 'notes.txt', 'raw-\\xff']);
    const found = foundFiles.parse(await open({ ask: 'find', text: 'NOTES' }));
    expect(found.entries.map(({ path }) => path)).toEqual([join(source(), 'deep', 'secret-notes.txt'), join(source(), 'notes.txt')]);
    expect(found.isCut).toBe(false);
    const raw = foundFiles.parse(await open({ ask: 'find', text: 'raw-' }));
    expect(raw.entries[0]?.path).toBe(join(source(), 'raw-\\xff'));
  });

  it('show the first bytes of a file, also of one whose name is no text', async () => {
    const preview = filePreview.parse(await open({ ask: 'preview', path: join(source(), 'notes.txt'), bytes: 3 }));
    expect([Buffer.from(preview.bytes, 'base64').toString(), preview.size, preview.isCut]).toEqual(['fir', 5, true]);
    const raw = filePreview.parse(await open({ ask: 'preview', path: join(source(), 'raw-\\xff') }));
    expect([Buffer.from(raw.bytes, 'base64').toString(), raw.isCut]).toEqual(['bytes', false]);
    await expect(open({ ask: 'preview', path: source() })).rejects.toMatchObject({ kind: 'invalid-input', code: 'not-a-file' });
    await expect(open({ ask: 'preview', path: '/etc/shadow' })).rejects.toMatchObject({ kind: 'not-found' });
  });

  it('tell the versions of a file, and leave out a point that was forgotten meanwhile', async () => {
    writeFileSync(join(source(), 'notes.txt'), 'second, longer');
    snapshots = [await backUp(), 'f'.repeat(64), ...snapshots];
    const points = ['rpt_0000000000000003', 'rpt_0000000000000002', 'rpt_0000000000000001'];
    const { versions } = fileVersions.parse(await open({ ask: 'versions', path: join(source(), 'notes.txt'), points }));
    expect(versions.map(({ restorePointId, entry }) => [restorePointId, entry?.size])).toEqual([
      [points[0], 14],
      [points[2], 5],
    ]);
    expect(versions[0]?.content).not.toBe(versions[1]?.content);
    const missing = fileVersions.parse(await open({ ask: 'versions', path: join(source(), 'gone'), points }));
    expect(missing.versions.map(({ entry, content }) => [entry, content])).toEqual([
      [null, null],
      [null, null],
    ]);
  });
});

describe('a sealed answer', () => {
  it('is opened by the tab that asked, and names its question', async () => {
    const tab = await generateSealingKey();
    const age = await sealed({ ask: 'find', text: 'secret' }, tab.recipient, approve({ recipient: tab.recipient }));
    expect(age).not.toContain('secret');
    const { question, value } = await opened(tab.identity, age);
    expect(question).toEqual({ ask: 'find', text: 'secret', limit: 200 });
    expect(foundFiles.parse(value).entries).toHaveLength(1);
  });

  it('is not opened by another key, nor after a byte of it was flipped, nor when it was cut', async () => {
    const [tab, other] = [await generateSealingKey(), await generateSealingKey()];
    const age = await sealed({ ask: 'list' }, tab.recipient, approve({ recipient: tab.recipient }));
    await expect(openWith(other.identity, age)).rejects.toMatchObject({ kind: 'denied', code: 'envelope-key' });
    const lines = age.split('\n');
    const middle = Math.floor(lines.length / 2);
    const line = lines[middle] ?? '';
    const flipped = lines.with(middle, (line.startsWith('A') ? 'B' : 'A') + line.slice(1)).join('\n');
    await expect(openWith(tab.identity, flipped)).rejects.toMatchObject({ kind: 'damaged' });
    await expect(openWith(tab.identity, lines.toSpliced(middle, 3).join('\n'))).rejects.toMatchObject({ kind: 'damaged' });
  });

  it('has a size that tells little of what is in it', async () => {
    const tab = await generateSealingKey();
    const approval = approve({ recipient: tab.recipient });
    const sizes = await Promise.all(
      ['a', 'notes'].map(async (text) => (await sealed({ ask: 'find', text }, tab.recipient, approval)).length),
    );
    expect(new Set(sizes).size).toBe(1);
    expect([0, 1, 4096, 4097, 100_000].map(paddedLength)).toEqual([4096, 4096, 4096, 8192, 106_496]);
  });
});

describe('an approval', () => {
  const ask = async (facts: ApprovalFacts, question: Input = { ask: 'list' }): Promise<string> => {
    const tab = await generateSealingKey();
    return await sealed(question, tab.recipient, approve({ recipient: tab.recipient, ...facts }));
  };
  const refusals: readonly (readonly [string, ApprovalFacts, string])[] = [
    ['of another host', { hosts: ['agt_00000000000000bb'] }, 'approval-host'],
    ['without a recipient', { recipient: undefined }, 'approval-recipient'],
    ['of something else', { action: 'restore' }, 'approval-action'],
    ['for longer than a quarter of an hour', { minutes: 16 }, 'approval-long'],
    ['by a key that no roster names', { by: stranger }, 'signature-key'],
    ['of other paths', { paths: ['/elsewhere'] }, 'approval-paths'],
  ];
  it.each(refusals)('%s opens nothing', async (_name, facts, code) => {
    await expect(ask(facts)).rejects.toMatchObject({ kind: 'denied', code });
  });

  it('for another tab opens nothing to this one', async () => {
    const [tab, thief] = [await generateSealingKey(), await generateSealingKey()];
    const approval = approve({ recipient: tab.recipient });
    await expect(sealed({ ask: 'list' }, thief.recipient, approval)).rejects.toMatchObject({ code: 'approval-recipient' });
  });

  it('ends with its time', async () => {
    const tab = await generateSealingKey();
    const approval = approve({ recipient: tab.recipient, minutes: 15 });
    await sealed({ ask: 'list' }, tab.recipient, approval);
    await clock.advance(15 * minuteMs);
    await expect(sealed({ ask: 'list' }, tab.recipient, approval)).rejects.toMatchObject({ code: 'approval-expired' });
  });

  it('counts for nothing where no owner was named, where the policy takes another kind, or lets nobody look', async () => {
    hasOwner = false;
    await expect(ask({})).rejects.toMatchObject({ code: 'approval-roster' });
    hasOwner = true;
    rules = { browse: 'webauthn', signers: ['webauthn'] };
    await expect(ask({})).rejects.toMatchObject({ code: 'approval-signer' });
    rules = { browse: 'none', signers: ['ssh'] };
    await expect(ask({})).rejects.toMatchObject({ code: 'browse-refused' });
    rules = { browse: 'ssh', signers: ['ssh', 'webauthn'] };
    const byPasskey: Approval = { by: 'webauthn', text: '{}', assertion: {} };
    await expect(sealed({ ask: 'list' }, (await generateSealingKey()).recipient, byPasskey)).rejects.toMatchObject({
      code: 'approval-signer',
    });
    expect(await ask({})).toContain('AGE ENCRYPTED FILE');
  });

  it('that names paths shows these, and nothing of what a search finds elsewhere', async () => {
    const paths = [join(folder, 'source', 'deep')];
    const tab = await generateSealingKey();
    const approval = approve({ recipient: tab.recipient, paths });
    const found = await opened(tab.identity, await sealed({ ask: 'find', text: 'notes' }, tab.recipient, approval));
    expect(foundFiles.parse(found.value).entries.map(({ name }) => name)).toEqual(['secret-notes.txt']);
    await sealed({ ask: 'list', path: paths[0] }, tab.recipient, approval);
    const beside = { ask: 'preview', path: join(folder, 'source', 'notes.txt') } as const;
    await expect(sealed(beside, tab.recipient, approval)).rejects.toMatchObject({ code: 'approval-paths' });
  });
});

describe('without an approval', () => {
  it('nothing is shown, and the hint says what to type on the host', async () => {
    const { recipient } = await generateSealingKey();
    await expect(sealed({ ask: 'list' }, recipient, null)).rejects.toMatchObject({
      kind: 'denied',
      code: 'approval-needed',
      hint: expect.stringMatching(/fortfail agent approve(?: [a-z]+){6}$/),
    });
    const { repository } = { repository: reference() };
    const question = { method: 'list-files', repository, snapshot: snapshots[0] ?? '', path: '/', cursor: null, limit: 5 } as const;
    await expect(desk.answer(question)).rejects.toMatchObject({ kind: 'denied', code: 'approval-needed' });
  });

  it('a policy that lets sessions look lets none from another machine', async () => {
    rules = { browse: 'session', signers: ['ssh'] };
    await expect(sealed({ ask: 'list' }, (await generateSealingKey()).recipient, null)).rejects.toMatchObject({ code: 'approval-needed' });
  });

  it('a consent on the host serves one tab for a quarter of an hour, and no other', async () => {
    const [tab, other] = [await generateSealingKey(), await generateSealingKey()];
    consents = [browseDigest(agentId, tab.recipient)];
    await sealed({ ask: 'list' }, tab.recipient, null);
    await clock.advance(14 * minuteMs);
    await sealed({ ask: 'list' }, tab.recipient, null);
    await expect(sealed({ ask: 'list' }, other.recipient, null)).rejects.toMatchObject({ code: 'approval-needed' });
    await clock.advance(minuteMs);
    await expect(sealed({ ask: 'list' }, tab.recipient, null)).rejects.toMatchObject({ code: 'approval-needed' });
  });
});

describe('many questions', () => {
  it('wait in line, and beyond the line are refused', async () => {
    const turnstile = new Turnstile(1, 1);
    const gate = Promise.withResolvers<string>();
    const first = turnstile.pass(() => gate.promise);
    const second = turnstile.pass(async () => 'second');
    await expect(turnstile.pass(async () => 'third')).rejects.toMatchObject({ kind: 'unavailable', code: 'too-many-questions' });
    gate.resolve('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(await turnstile.pass(async () => 'later')).toBe('later');
  });
});
