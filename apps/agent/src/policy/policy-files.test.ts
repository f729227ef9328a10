import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLogger } from '@fortfail/base';
import { FakeClock } from '@fortfail/base/testing';
import { namespaces, type Roster, rosterText, SigningKey } from '@fortfail/trust';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Consents } from './consents.ts';
import { policyPaths, readPolicy, systemPolicyPath } from './read-policy.ts';
import { RosterBook } from './roster-book.ts';
import { setOwner } from './write-policy.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ff-policy-'));
  path = join(folder, 'etc', 'policy.json');
  mkdirSync(join(folder, 'etc'), { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (value: object | string, mode = 0o644): void => {
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  chmodSync(path, mode);
};

describe('the policy file', () => {
  it('is the built-in one where there is none', async () => {
    expect(await readPolicy([path])).toMatchObject({ path: null, digest: 'built-in', policy: { owner: null, paths: ['/'] } });
  });

  it('is the first that exists', async () => {
    write({ v: 1, selfrun_grace: '5m' });
    expect(await readPolicy([join(folder, 'none.json'), path, '/etc/passwd'])).toMatchObject({ path, policy: { selfrun_grace: '5m' } });
    expect(policyPaths({ FORTFAIL_POLICY: path })).toEqual([path]);
    expect(policyPaths({})[0]).toBe(systemPolicyPath);
  });

  it('has a digest that follows its bytes', async () => {
    write({ v: 1 });
    const { digest } = await readPolicy([path]);
    write({ v: 1, selfrun_grace: '3h' });
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await readPolicy([path])).digest).not.toBe(digest);
  });

  it.each([
    ['it may be written by its group', () => chmodSync(path, 0o664), 'policy-mode'],
    ['it may be written by everybody', () => chmodSync(path, 0o646), 'policy-mode'],
    ['its folder may be written by others', () => chmodSync(join(folder, 'etc'), 0o777), 'policy-mode'],
    ['a folder further up may be written by others', () => chmodSync(folder, 0o770), 'policy-mode'],
  ])('is refused when %s, with what to type', async (_, spoil, code) => {
    write({ v: 1 });
    spoil();
    await expect(readPolicy([path])).rejects.toMatchObject({ kind: 'denied', code, hint: expect.stringMatching(/^Type: chmod go-w '/) });
  });

  it('is refused when a link leads to a place that others may change', async () => {
    const loose = join(folder, 'loose');
    mkdirSync(loose);
    chmodSync(loose, 0o777);
    writeFileSync(join(loose, 'policy.json'), '{"v":1}', { mode: 0o644 });
    symlinkSync(join(loose, 'policy.json'), path);
    await expect(readPolicy([path])).rejects.toMatchObject({ code: 'policy-mode' });
  });

  it.each([
    ['not JSON', 'v: 1'],
    ['of another version', { v: 2 }],
    ['with a field that nobody knows', { v: 1, hook: 'rm' }],
    ['with an alarm that is a command', { v: 1, alarm: ['command:rm'] }],
    ['a list', '[]'],
  ])('is refused when it is %s, naming the file', async (_, value) => {
    write(value);
    await expect(readPolicy([path])).rejects.toMatchObject({
      kind: 'invalid-input',
      code: 'policy-invalid',
      message: expect.stringContaining(path),
    });
  });

  it('gets its owner set without losing what else is in it', async () => {
    write({ v: 1, selfrun_grace: '5m' });
    const owner = SigningKey.generate().publicLine;
    expect(await setOwner([path], owner, null)).toBe(path);
    expect((await readPolicy([path])).policy).toMatchObject({ owner, selfrun_grace: '5m' });
    await expect(setOwner([path], 'ssh-ed25519 nonsense', null)).rejects.toMatchObject({ kind: 'invalid-input', code: 'policy-owner' });
    const fresh = join(folder, 'new', 'policy.json');
    await setOwner([fresh], owner, null);
    expect((await readPolicy([fresh])).policy.owner).toBe(owner);
  });
});

describe('consents', () => {
  const digest = 'ab'.repeat(32);

  it('are given by six words, once, and last an hour', async () => {
    const clock = new FakeClock();
    const consents = new Consents(folder, clock);
    const words = await consents.ask(digest, 'restore into /srv');
    expect(words).toHaveLength(6);
    expect(await consents.has(digest)).toBe(false);
    expect((await consents.questions()).map(({ sentence }) => sentence)).toEqual(['restore into /srv']);
    await consents.approve(words);
    expect(await consents.has(digest)).toBe(true);
    await consents.use(digest);
    expect(await consents.has(digest)).toBe(false);
    expect(await consents.questions()).toEqual([]);
    await expect(consents.use(digest)).rejects.toThrow();
  });

  it('end after an hour, also when the clock was set back', async () => {
    const clock = new FakeClock();
    const consents = new Consents(folder, clock);
    await consents.approve(await consents.ask(digest, 'x'));
    clock.jump(new Date(clock.now().getTime() + 3_600_001));
    expect(await consents.has(digest)).toBe(false);
    clock.jump(new Date(clock.now().getTime() - 10 * 3_600_000));
    expect(await consents.has(digest)).toBe(false);
  });

  it('are for what the words name, whatever case and dashes they are typed with', async () => {
    const consents = new Consents(folder, new FakeClock());
    const words = await consents.ask(digest, 'x');
    await expect(consents.approve(words.slice(0, 5))).rejects.toMatchObject({ kind: 'not-found', code: 'no-such-question' });
    await expect(consents.approve([...words.slice(1), words[0] ?? ''])).rejects.toMatchObject({ kind: 'not-found' });
    await consents.approve([words.join('-').toUpperCase()]);
    expect(await consents.has(digest)).toBe(true);
    expect(await consents.has('cd'.repeat(32))).toBe(false);
  });

  it('keep a bounded number of questions, the newest', async () => {
    const clock = new FakeClock();
    const consents = new Consents(folder, clock);
    for (let n = 0; n < 70; n += 1) {
      clock.jump(new Date(clock.now().getTime() + 1000));
      await consents.ask(n.toString(16).padStart(64, '0'), `number ${n}`);
    }
    const kept = await consents.questions();
    expect(kept.length).toBeLessThanOrEqual(50);
    expect(kept[0]?.sentence).toBe('number 69');
  });

  it('say yes to nothing when their file is half or of something else', async () => {
    const consents = new Consents(folder, new FakeClock());
    mkdirSync(join(folder, 'consents'));
    for (const text of ['', '{"digest":', `{"digest":"${'cd'.repeat(32)}","until":"2026-11-21T09:30:00Z"}`, '{"digest":1}']) {
      writeFileSync(join(folder, 'consents', `${digest}.json`), text);
      expect(await consents.has(digest), text).toBe(false);
    }
  });
});

describe('the roster', () => {
  const [owner, next, stranger] = [SigningKey.generate(), SigningKey.generate(), SigningKey.generate()];
  const roster = (serial: number, key: SigningKey, changes: Partial<Roster> = {}) => {
    const facts: Roster = {
      v: 1,
      site: 'site-1',
      serial,
      made: '2026-11-01T00:00:00Z',
      until: '2027-11-01T00:00:00Z',
      ca: [],
      evidence: [],
      admins: [],
      four_eyes: {},
      revoked: [],
      ...changes,
    };
    const text = rosterText(facts);
    return { text, signature: key.sign(text, namespaces.roster) };
  };
  const open = (named: string | null = owner.publicLine, clock = new FakeClock()): Promise<RosterBook> =>
    RosterBook.open({ agentFolder: folder, clock, logger: noLogger, owner: () => named, siteId: () => 'site-1' });

  it('is the newest that the pinned owner signed, also after a restart', async () => {
    const book = await open();
    expect(book.current()).toBeUndefined();
    expect(await book.offer(roster(1, owner))).toBeNull();
    expect(await book.offer(roster(3, owner))).toBeNull();
    expect(await book.offer(roster(2, owner))).toMatch(/older than roster 3/);
    expect(await book.offer(roster(4, stranger))).toMatch(/did not sign/);
    expect(await book.offer(roster(4, owner, { site: 'site-2' }))).toMatch(/did not sign/);
    expect(book.current()?.serial).toBe(3);
    expect((await open()).current()?.serial).toBe(3);
  });

  it('counts for nothing without an owner, under another owner, and after its end', async () => {
    await (await open()).offer(roster(1, owner));
    expect((await open(null)).current()).toBeUndefined();
    expect((await open(stranger.publicLine)).current()).toBeUndefined();
    expect((await open(owner.publicLine, new FakeClock(new Date('2027-11-02T00:00:00Z')))).current()).toBeUndefined();
  });

  it('may hand the owner on to another key, whose rosters count from there', async () => {
    const book = await open();
    expect(await book.offer(roster(2, next))).toMatch(/did not sign/);
    expect(await book.offer(roster(1, owner, { next_owner: next.publicLine }))).toBeNull();
    expect(await book.offer(roster(2, next))).toBeNull();
    expect(await book.offer(roster(3, stranger))).toMatch(/did not sign/);
    expect(await book.offer(roster(3, next))).toBeNull();
    expect((await open()).current()?.serial).toBe(3);
    expect(existsSync(join(folder, 'roster.json'))).toBe(true);
    expect(readFileSync(join(folder, 'roster.json'), 'utf8')).not.toContain(stranger.publicLine);
  });
});
