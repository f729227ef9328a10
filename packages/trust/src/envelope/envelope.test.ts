import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@fortfail/base';
import { armor } from 'age-encryption';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOf, textOf } from '../encoding.ts';
import { generateSealingKey, openWith, sealingRecipient, sealTo } from './envelope.ts';

/** Made by age 1.1.1 with `age -a -r`. */
const stock = {
  identity: 'AGE-SECRET-KEY-1PW5DCNR2808J47960HSMCV6J5UUTXHE8TEN6F8XHL4YXNYVMS4AQN2SCLJ',
  recipient: 'age1ma2lkqjkjhj97w05sku50lgc6lmxhm3f9v89l97x78kha42hw37sk6y449',
  sealed: `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBDQ05NTWJEMytQK0N4a3Vx
Rk1aU252QnFMaEw1OFFsSWFQSDRUVW9YTnhRCjdjWmM5UklRTmQxZy93Y3VENjF2
TlRZVW9vdklYL0hpMWFIQXlZMTk0MG8KLS0tIHVjUk94bUk5bW5Kc0F2aGlqTHdi
YWU5dTVUcUM3emovczZVaFFVcmVlQmMK1az0x1PCc/2DpaMa64xxWhk2G63eqDSo
n2mfbQd0KtNSZKSBmVE9aflWqQ4=
-----END AGE ENCRYPTED FILE-----
`,
};

const hasAge = spawnSync('age', ['--version']).error === undefined;
if (!hasAge) process.stderr.write('skipped: age is not installed; its stored vector is checked instead\n');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fortfail-age-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = bytesOf('a repository password');
const denied = expect.objectContaining({ kind: 'denied', code: 'envelope-key' });

describe('a sealed text', () => {
  test('opens for each recipient and for nobody else', async () => {
    const [a, b, c] = await Promise.all([generateSealingKey(), generateSealingKey(), generateSealingKey()]);
    const sealed = await sealTo([a.recipient, b.recipient], plain);
    expect(await openWith(a.identity, sealed)).toEqual(plain);
    expect(await openWith(new Secret(b.identity), sealed)).toEqual(plain);
    await expect(openWith(c.identity, sealed)).rejects.toThrow(denied);
  });

  test('made by the stock program opens here', async () => {
    expect(textOf(await openWith(stock.identity, stock.sealed))).toBe('known words\n');
    expect(await sealingRecipient(stock.identity)).toBe(stock.recipient);
  });

  test('holds nothing, or much', async () => {
    const { identity, recipient } = await generateSealingKey();
    for (const size of [0, 1, 65_536, 200_000]) {
      const bytes = new Uint8Array(size).fill(3);
      expect(await openWith(identity, await sealTo([recipient], bytes))).toEqual(bytes);
    }
  });

  test('is refused with any one byte changed, and a changed content is told from a wrong key', async () => {
    const { identity, recipient } = await generateSealingKey();
    const bytes = armor.decode(await sealTo([recipient], plain));
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const error = await openWith(identity, armor.encode(changed)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'FortFailError' });
      if (at >= bytes.length - plain.length - 16) expect(error).toMatchObject({ kind: 'damaged', code: 'envelope-damaged' });
    }
    for (const junk of ['', 'text', stock.sealed.slice(0, 200), armor.encode(bytes.subarray(0, -1))]) {
      await expect(openWith(identity, junk)).rejects.toThrow(expect.objectContaining({ kind: 'damaged' }));
    }
  });

  test('is made for proper recipients only, and an identity that is none is not repeated', async () => {
    const refused = expect.objectContaining({ kind: 'invalid-input' });
    await expect(sealTo([], plain)).rejects.toThrow(refused);
    for (const recipient of ['', 'age1', `${stock.recipient.slice(0, -1)}q`, 'ssh-ed25519 AAAA', stock.identity]) {
      await expect(sealTo([recipient], plain)).rejects.toThrow(refused);
    }
    const mistyped = `${stock.identity.slice(0, -1)}Q`;
    for (const identity of ['', 'AGE-SECRET-KEY-1', mistyped, stock.recipient]) {
      const error: unknown = await openWith(identity, stock.sealed).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'invalid-input', code: 'identity-malformed' });
      expect(error).not.toHaveProperty('cause');
      expect(String(error)).not.toContain(mistyped.slice(20, 40));
      await expect(sealingRecipient(identity)).rejects.toThrow(refused);
    }
  });

  test.skipIf(!hasAge)('goes both ways with the stock program', async () => {
    const { identity, recipient } = await generateSealingKey();
    writeFileSync(join(folder, 'key'), `${identity}\n`, { mode: 0o600 });
    const opened = spawnSync('age', ['-d', '-i', join(folder, 'key')], { input: await sealTo([recipient], plain), encoding: 'utf8' });
    expect(opened.stdout).toBe('a repository password');
    const sealed = spawnSync('age', ['-a', '-r', recipient], { input: 'from outside', encoding: 'utf8' });
    expect(textOf(await openWith(identity, sealed.stdout))).toBe('from outside');
  });
});
