import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { bech32m } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openWith, sealTo } from '../envelope/envelope.ts';
import { kitText } from './kit-text.ts';
import { groupsOfSix, kitConfirmationHash, RecoveryKey } from './recovery-key.ts';
import { joinShares, splitShares } from './shares.ts';

/** 32 times 0x42; the recipient is what age-keygen 1.1.1 -y answers. */
const known = {
  secret: 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
  recipient: 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
};
const invalid = (code: string) => expect.objectContaining({ kind: 'invalid-input', code });

/** Ed25519's public half by another program: node:crypto over the seed in PKCS#8. */
function publicHalf(seed: Uint8Array): Buffer {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
    .export({ format: 'der', type: 'spki' })
    .subarray(-32);
}

describe('a recovery key', () => {
  test('is an age identity that age knows', async () => {
    const key = RecoveryKey.parse(known.secret);
    expect(key.recipient).toBe(known.recipient);
    expect(key.secret.reveal()).toBe(known.secret);
    const fresh = RecoveryKey.generate();
    expect(fresh.secret.reveal()).toMatch(/^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/);
    expect(await openWith(fresh.secret, await sealTo([fresh.recipient], Uint8Array.of(1, 2)))).toEqual(Uint8Array.of(1, 2));
  });

  test('gives the owner and peer keys that HKDF-SHA256 gives', () => {
    const key = RecoveryKey.parse(known.secret);
    const bytes = new Uint8Array(32).fill(0x42);
    for (const [derived, info] of [
      [key.ownerKey(), 'owner-sign/v1'],
      [key.peerKey(), 'peer-access/v1'],
    ] as const) {
      const seed = new Uint8Array(hkdfSync('sha256', bytes, 'fortfail', info, 32));
      expect(Buffer.from(derived.publicKey.blob.slice(-32))).toEqual(publicHalf(seed));
    }
    // For ever: printed pages derive these.
    expect(key.ownerKey().fingerprint).toBe('SHA256:1LP3E6h6qFFyYyT0qv1oq3n7abeH/T/oJY4+XlYHV4s');
    expect(key.peerKey().fingerprint).toBe('SHA256:1uGVMT3vZeQBt60vF/S+Kpg/GEBdE0Wb++Op2AmHFmw');
    expect(key.kitId).toBe('6a804773');
  });

  test('is read in any grouping and case', () => {
    const printed = groupsOfSix(known.secret);
    for (const text of [
      printed,
      printed.toLowerCase(),
      `\n ${printed.replaceAll(' ', '-')}\t`,
      known.secret.match(/.{1,6}/g)?.join('\n') ?? '',
    ]) {
      expect(RecoveryKey.parse(text).recipient).toBe(known.recipient);
    }
  });

  test('finds every typing error of one character, and never repeats the key', () => {
    fc.assert(
      fc.property(fc.nat(known.secret.length - 1), fc.constantFrom(...'ACDEFGHJKLMNPQRSTUVWXYZ0234567891BIO!'), (at, character) => {
        fc.pre(known.secret[at] !== character && known.secret[at] !== '-');
        let thrown: unknown;
        try {
          RecoveryKey.parse(known.secret.slice(0, at) + character + known.secret.slice(at + 1));
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toMatchObject({ kind: 'invalid-input', code: 'recovery-key-malformed' });
        expect(thrown).not.toHaveProperty('cause');
        expect(JSON.stringify(thrown)).not.toContain('GFPYYSJZ');
      }),
    );
    for (const junk of ['', 'AGE-SECRET-KEY-1', known.recipient, known.secret.slice(0, -1), `${known.secret}Q`, 'A'.repeat(100_000)]) {
      expect(() => RecoveryKey.parse(junk)).toThrow(invalid('recovery-key-malformed'));
    }
  });

  test('does not tell itself to whoever prints it', () => {
    const key = RecoveryKey.generate();
    expect(JSON.stringify({ key, secret: key.secret })).toBe('{"key":"[secret]","secret":"[secret]"}');
    expect(`${key.secret}`).toBe('[secret]');
  });

  test('is confirmed by its last six characters in any case', () => {
    const key = RecoveryKey.parse(known.secret);
    expect(key.lastSix()).toBe('4EGAEX');
    expect(kitConfirmationHash(key.recipient, ' 4ega ex')).toBe(kitConfirmationHash(key.recipient, '4EGAEX'));
    expect(kitConfirmationHash(key.recipient, '4EGAEY')).not.toBe(kitConfirmationHash(key.recipient, '4EGAEX'));
  });
});

describe('shares of a recovery key', () => {
  const numbers = fc.integer({ min: 2, max: 6 }).chain((n) => fc.tuple(fc.integer({ min: 2, max: n }), fc.constant(n)));

  test('give it back from any k of n in any order, and not from fewer', async () => {
    await fc.assert(
      fc.asyncProperty(numbers, fc.infiniteStream(fc.nat()), async ([k, n], order) => {
        const key = RecoveryKey.generate();
        const shares = await splitShares(key, k, n);
        expect(shares).toHaveLength(n);
        const shuffled = shares.map((share) => ({ share, at: order.next().value ?? 0 })).sort((a, b) => a.at - b.at);
        const some = shuffled.slice(0, k).map(({ share }, i) => (i % 2 === 0 ? groupsOfSix(share).toLowerCase() : share));
        expect((await joinShares(some)).secret.reveal()).toBe(key.secret.reveal());
        expect((await joinShares(shares)).recipient).toBe(key.recipient);
        await expect(joinShares(some.slice(1))).rejects.toThrow(invalid('share-few'));
        await expect(joinShares([...some.slice(1), ...some.slice(1)])).rejects.toThrow(invalid('share-few'));
      }),
      { numRuns: 40 },
    );
  });

  test('are 78 characters and tell which kit they are of', async () => {
    const key = RecoveryKey.generate();
    for (const share of await splitShares(key, 2, 3)) {
      expect(share).toMatch(/^FFSHARE1[02-9AC-HJ-NP-Z]{70}$/);
      const { bytes } = bech32m.decodeToBytes(share.toLowerCase());
      expect(Buffer.from(bytes.subarray(0, 7)).toString('hex')).toBe(`010203${key.kitId}`);
    }
  });

  test('find a typing error by position', async () => {
    const [a = '', b = ''] = await splitShares(RecoveryKey.generate(), 2, 2);
    await fc.assert(
      fc.asyncProperty(fc.nat(b.length - 1), fc.constantFrom(...'ACDEFGHJKLMNPQRSTUVWXYZ0234567891BIO'), async (at, character) => {
        fc.pre(b[at] !== character);
        const error: unknown = await joinShares([a, b.slice(0, at) + character + b.slice(at + 1)]).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ kind: 'invalid-input', code: 'share-malformed', message: expect.stringContaining('share 2') });
        expect(error).not.toHaveProperty('cause');
      }),
      { numRuns: 60 },
    );
  });

  test('of two kits or two splittings are not mixed', async () => {
    const [one, two] = [RecoveryKey.generate(), RecoveryKey.generate()];
    const [a = ''] = await splitShares(one, 2, 3);
    const [b = ''] = await splitShares(two, 2, 3);
    const [, , c = ''] = await splitShares(one, 2, 3);
    const [d = ''] = await splitShares(one, 2, 3);
    const [e = ''] = await splitShares(one, 3, 3);
    for (const mixed of [
      [a, b],
      [a, c],
      [a, d],
      [a, e],
    ]) {
      await expect(joinShares(mixed)).rejects.toThrow(expect.objectContaining({ kind: 'invalid-input' }));
    }
    const { bytes } = bech32m.decodeToBytes(c.toLowerCase());
    const forged = Uint8Array.from(bytes);
    forged[3] = (forged[3] ?? 0) ^ 1;
    await expect(joinShares([a, bech32m.encodeFromBytes('ffshare', forged)])).rejects.toThrow(invalid('share-mismatch'));
  });

  test('are refused in senseless numbers and as junk', async () => {
    const key = RecoveryKey.generate();
    for (const [k, n] of [
      [1, 2],
      [3, 2],
      [2, 17],
      [0, 0],
      [2.5, 3],
      [Number.NaN, 3],
    ] as const) {
      await expect(splitShares(key, k, n)).rejects.toThrow(invalid('share-numbers'));
    }
    await expect(joinShares([])).rejects.toThrow(invalid('share-few'));
    for (const junk of ['', 'FFSHARE1', key.secret.reveal(), 'F'.repeat(100_000), bech32m.encodeFromBytes('ffshare', new Uint8Array(40))]) {
      await expect(joinShares([junk])).rejects.toThrow(invalid('share-malformed'));
    }
  });
});

describe('the printed page', () => {
  const key = RecoveryKey.parse(known.secret);
  const facts = {
    version: '1.0.0',
    site: { id: 'sit_1', name: 'home' },
    made: new Date('2026-11-20T12:00:00Z'),
    kitId: key.kitId,
    recipient: key.recipient,
    ownerFingerprint: key.ownerKey().fingerprint,
    peers: [{ name: 'parents', addresses: ['https://a.example', 'https://b.example'], fingerprint: 'SHA256:x' }],
    stores: [{ name: 'main', kind: 's3', place: 'https://s3.example/bucket/web1', region: 'eu' }],
  };

  test('holds the key so that it can be typed back, and all that is needed besides', () => {
    const text = kitText({ ...facts, secret: { kind: 'key', key } });
    const printed = /AGE-SECRET-KEY-1[0-9A-Z \n]+?(?=\n\n)/.exec(text)?.[0] ?? '';
    expect(RecoveryKey.parse(printed).recipient).toBe(key.recipient);
    for (const part of [
      key.kitId,
      key.recipient,
      facts.ownerFingerprint,
      'https://b.example',
      'bucket/web1',
      'age -d -i',
      'ssh-keygen -Y verify',
      'sit_1',
    ]) {
      expect(text).toContain(part);
    }
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(90);
  });

  test('of a share holds that share and not the key', async () => {
    const shares = await splitShares(key, 2, 3);
    const text = kitText({ ...facts, secret: { kind: 'share', text: shares[1] ?? '', k: 2, n: 3, position: 2 } });
    expect(text).toContain('SHARE 2 OF 3');
    const printed = /FFSHARE1[0-9A-Z \n]+?(?=\n\n)/.exec(text)?.[0] ?? '';
    expect((await joinShares([printed, shares[0] ?? ''])).recipient).toBe(key.recipient);
    expect(text).not.toContain('AGE-SECRET-KEY');
  });
});
