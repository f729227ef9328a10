import { spawnSync } from 'node:child_process';
import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatSpan } from './calendar.ts';
import { applyForgetPolicy, type ForgetPolicy, type ForgetSnapshot, isEmptyPolicy } from './forget-policy.ts';
import type { GroupBy } from './snapshot-group.ts';

/** The real restic decides over generated snapshots, and so do we. Its repository is written here, documents only. */

const tools = [
  { version: '0.19', path: process.env.RESTIC_019 ?? '/opt/restic-0.19/usr/bin/restic', keepsOldest: true },
  { version: '0.14', path: process.env.RESTIC_014 ?? '/usr/bin/restic', keepsOldest: false },
];
const sets = Number(process.env.FORTFAIL_FORGET_SETS ?? 6);
const seed = Number(process.env.FORTFAIL_SEED ?? 20261121);

/** Small numbers that look random and come out the same for the same seed. */
function randomNumbers(start: number): (below: number) => number {
  let state = start >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

// --- restic's sealing, for documents of some hundred bytes ---------------------------------------------------------

interface Key {
  readonly encrypt: Buffer;
  readonly k: Buffer;
  readonly r: Buffer;
}

const little = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);

function poly1305(message: Uint8Array, clampedR: bigint, s: bigint): Buffer {
  let sum = 0n;
  for (let begin = 0; begin < message.length; begin += 16) {
    const block = message.subarray(begin, begin + 16);
    sum = ((sum + little(block) + (1n << BigInt(8 * block.length))) * clampedR) % ((1n << 130n) - 5n);
  }
  return Buffer.from(((sum + s) & ((1n << 128n) - 1n)).toString(16).padStart(32, '0'), 'hex').reverse();
}

function seal(key: Key, plain: Uint8Array): Buffer {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', key.encrypt, iv);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  const s = little(createCipheriv('aes-128-ecb', key.k, null).setAutoPadding(false).update(iv));
  const clampedR = little(key.r) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  return Buffer.concat([iv, sealed, poly1305(sealed, clampedR, s)]);
}

function putNamed(folder: string, body: Uint8Array): string {
  const name = createHash('sha256').update(body).digest('hex');
  writeFileSync(join(folder, name), body);
  return name;
}

/** A repository with a key that costs nothing to open, holding these snapshot documents and nothing else. */
function writeRepository(folder: string, snapshots: readonly Omit<ForgetSnapshot, 'id'>[]): ForgetSnapshot[] {
  for (const name of ['keys', 'data', 'index', 'snapshots', 'locks']) mkdirSync(join(folder, name), { recursive: true });
  const salt = randomBytes(64);
  const derived = scryptSync('x', salt, 64, { N: 2, r: 1, p: 1 });
  const user: Key = { encrypt: derived.subarray(0, 32), k: derived.subarray(32, 48), r: derived.subarray(48, 64) };
  const master: Key = { encrypt: randomBytes(32), k: randomBytes(16), r: randomBytes(16) };
  const text = (bytes: Buffer): string => bytes.toString('base64');
  const secret = JSON.stringify({ mac: { k: text(master.k), r: text(master.r) }, encrypt: text(master.encrypt) });
  const data = text(seal(user, Buffer.from(secret)));
  const created = '2026-01-01T00:00:00Z';
  const key = { created, username: 'u', hostname: 'h', kdf: 'scrypt', N: 2, r: 1, p: 1, salt: text(salt), data };
  putNamed(join(folder, 'keys'), Buffer.from(JSON.stringify(key)));
  const config = { version: 2, id: randomBytes(32).toString('hex'), chunker_polynomial: '3da3358b4dc173' };
  writeFileSync(join(folder, 'config'), seal(master, Buffer.from(JSON.stringify(config))));
  return snapshots.map((snapshot) => {
    const { time, paths, hostname, tags } = snapshot;
    const document = JSON.stringify({ time, tree: '0'.repeat(64), paths, hostname, tags });
    return { ...snapshot, id: putNamed(join(folder, 'snapshots'), seal(master, Buffer.from(document))) };
  });
}

// --- generated cases ------------------------------------------------------------------------------------------------

const offsets = ['Z', '+01:00', '+02:00', '-03:30', '+05:30', '+14:00', '-12:00', '+01:00', '+02:00'];

function makeSnapshots(random: (below: number) => number): Omit<ForgetSnapshot, 'id'>[] {
  const spreadDays = [2, 40, 800, 3000][random(4)] ?? 40;
  const end = Date.UTC(2026, random(12), 1 + random(28));
  const used = new Set<number>();
  return Array.from({ length: 1 + random(40) }, () => {
    let ms = end - random(spreadDays * 1440) * 60_000 - random(1000);
    while (used.has(ms)) ms -= 1;
    used.add(ms);
    if (random(25) === 0) ms += 100 * 365 * 86_400_000;
    const offset = offsets[random(offsets.length)] ?? 'Z';
    const sign = offset.startsWith('-') ? -1 : 1;
    const offsetMs = offset === 'Z' ? 0 : sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))) * 60_000;
    const time = new Date(ms + offsetMs).toISOString().replace('Z', `${String(random(1_000_000)).padStart(6, '0')}${offset}`);
    const tags = ['a', 'b', 'ü'].filter(() => random(3) === 0);
    const paths = [['/s'], ['/s', '/t'], ['/t', '/s']][random(8)] ?? ['/s'];
    return { time, paths, hostname: random(6) === 0 ? 'other' : 'h', ...(tags.length > 0 ? { tags } : {}) };
  });
}

function makePolicy(random: (below: number) => number, unlimited: boolean): ForgetPolicy {
  const count = (): number | undefined => (random(3) > 0 ? undefined : unlimited && random(8) === 0 ? -1 : random(9));
  const span = (often: number) =>
    random(often) > 0 ? undefined : { years: random(3) % 2, months: random(14), days: random(40), hours: random(3) * random(30) };
  const tags = random(4) > 0 ? [] : [[['a'], ['a', 'b'], [''], ['ü', 'a']][random(4)] ?? ['a'], ...(random(2) > 0 ? [['b']] : [])];
  const counts = { last: count(), hourly: count(), daily: count(), weekly: count(), monthly: count(), yearly: count() };
  const spans = { withinHourly: span(8), withinDaily: span(8), withinWeekly: span(8), withinMonthly: span(8), withinYearly: span(8) };
  return { ...counts, within: span(4), ...spans, tags };
}

function flagsOf(policy: ForgetPolicy, groupBy: string): string[] {
  const flags = ['--group-by', groupBy];
  for (const [key, value] of Object.entries(policy)) {
    const flag = `--keep-${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (key === 'tags') for (const tags of policy.tags ?? []) flags.push('--keep-tag', tags.join(','));
    else if (typeof value === 'number') flags.push(flag, value === -1 ? 'unlimited' : String(value));
    else if (value !== undefined && formatSpan(value) !== '') flags.push(flag, formatSpan(value));
  }
  return flags;
}

interface Decision {
  readonly keep: string[];
  readonly remove: string[];
  readonly reasons: Record<string, readonly string[]>;
}

interface ResticGroup {
  readonly keep: { id: string }[] | null;
  readonly remove: { id: string }[] | null;
  readonly reasons: { snapshot: { time: string; id?: string }; matches: string[] }[] | null;
}

function askRestic(tool: string, folder: string, flags: string[], zone: string): Decision | 'refused' {
  const common = ['--repo', folder, '--no-cache', '--no-lock', 'forget', '--dry-run', '--json'];
  const child = spawnSync(tool, [...common, ...flags], { encoding: 'utf8', env: { RESTIC_PASSWORD: 'x', TZ: zone, HOME: folder } });
  if (child.status !== 0 && /would remove|refusing to delete last snapshot/.test(child.stderr)) return 'refused';
  if (child.status !== 0) throw new Error(`restic ${flags.join(' ')}: ${child.stderr}${child.stdout}`);
  const groups = JSON.parse(child.stdout.trim().split('\n')[0] ?? '') as ResticGroup[];
  const reasons: Record<string, string[]> = {};
  for (const group of groups) {
    for (const [position, reason] of (group.reasons ?? []).entries()) reasons[group.keep?.[position]?.id ?? ''] = reason.matches;
  }
  const ids = (which: 'keep' | 'remove'): string[] => groups.flatMap((group) => (group[which] ?? []).map(({ id }) => id)).sort();
  return { keep: ids('keep'), remove: ids('remove'), reasons };
}

describe.each(tools)('forget as restic $version decides', ({ path, version, keepsOldest }) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fortfail-forget-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const compare = (name: string, documents: Omit<ForgetSnapshot, 'id'>[], policies: ForgetPolicy[], zone = 'UTC'): void => {
    const repository = join(folder, name);
    const snapshots = writeRepository(repository, documents);
    for (const [position, policy] of policies.entries()) {
      const by = ['host,paths', 'host', '', 'host,paths,tags'][position % 4] ?? '';
      const groupBy: GroupBy = { host: by.includes('host'), paths: by.includes('paths'), tags: by.includes('tags') };
      const flags = flagsOf(policy, by);
      const theirs = askRestic(path, repository, flags, zone);
      const groups = applyForgetPolicy(snapshots, policy, { now: new Date(), groupBy, zone, keepsOldest });
      const ours: Decision = {
        keep: groups.flatMap((group) => group.keep.map(({ id }) => id)).sort(),
        remove: groups.flatMap((group) => group.remove.map(({ id }) => id)).sort(),
        reasons: Object.fromEntries(groups.flatMap((group) => group.reasons.map(({ snapshot, matches }) => [snapshot.id, matches]))),
      };
      const told = `seed ${seed}, ${name}, zone ${zone}, ${flags.join(' ')}\n${documents.map(({ time }) => time).join('\n')}`;
      if (theirs === 'refused')
        expect(
          groups.some((group) => group.losesAll),
          told,
        ).toBe(true);
      else expect(ours, told).toEqual(theirs);
    }
  };

  it('agrees on generated snapshots and policies', { timeout: 600_000 }, ({ skip }) => {
    if (!existsSync(path)) skip(`needs restic ${version} at ${path}`);
    const random = randomNumbers(seed);
    for (let set = 0; set < sets; set += 1) {
      const policies = Array.from({ length: 5 }, () => makePolicy(random, version === '0.19'));
      const zone = ['UTC', 'Europe/Berlin', 'America/St_Johns'][set % 3] ?? 'UTC';
      compare(
        `set-${set}`,
        makeSnapshots(random),
        policies.filter((policy) => !isEmptyPolicy(policy)),
        zone,
      );
    }
  });

  it('agrees on the known traps', { timeout: 60_000 }, ({ skip }) => {
    if (!existsSync(path)) skip(`needs restic ${version} at ${path}`);
    const at = (...times: string[]): Omit<ForgetSnapshot, 'id'>[] => times.map((time) => ({ time, paths: ['/s'], hostname: 'h' }));
    const span = { years: 0, months: 0, days: 0, hours: 0 };
    compare('zone', at('2026-01-01T23:30:00Z', '2026-01-02T00:45:00+01:00'), [{ daily: 5 }]);
    compare('oldest', at('2026-01-01T10:00:00Z', '2026-01-01T11:00:00Z', '2026-01-01T12:00:00Z'), [{ daily: 2 }]);
    compare('future', at('2026-01-01T10:00:00Z', '2026-01-05T10:00:00Z', '2099-01-01T00:00:00Z'), [{ within: { ...span, days: 2 } }]);
    compare('only future', at('2098-01-01T10:00:00Z', '2099-01-01T00:00:00Z'), [{ within: { ...span, days: 2 } }]);
    const march = at('2026-03-31T12:00:00Z', '2026-03-03T12:00:00.000000001Z', '2026-03-03T12:00:00Z', '2026-02-28T12:00:00Z');
    compare('month ends', march, [{ within: { ...span, months: 1 } }]);
    const summer = at('2026-07-01T12:00:00+02:00', '2026-01-01T11:30:00+01:00', '2026-01-01T12:30:00+01:00', '2026-01-01T10:30:00+01:00');
    compare('summer time', summer, [{ within: { ...span, months: 6 } }, { within: { ...span, months: 6 } }], 'Europe/Berlin');
    compare('iso weeks', at('2024-12-29T10:00:00Z', '2024-12-30T10:00:00Z', '2025-01-01T10:00:00Z', '2021-01-01T10:00:00Z'), [
      { weekly: 9 },
    ]);
  });
});
