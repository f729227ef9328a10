import { isFortFailError } from '@fortfail/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernelModule } from '../kernels/kernel-module.ts';
import { WorkerMemory } from '../kernels/worker-memory.ts';
import { noise, testKey } from '../pack/testing/pipeline-fixture.ts';
import { Sealer, sealOverheadBytes } from './sealer.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const vector = hex('69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a54ea63338a813bcf3f75d8c3cc75dddf8750');

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isFortFailError(error) ? `${error.kind}/${error.code}` : String(error);
  }
  return 'no error';
}

describe('Sealer', () => {
  const sealer = new Sealer(testKey);
  const memory = new WorkerMemory(loadKernelModule(), { readBytes: 1024 * 1024 });
  const overMemory = new Sealer(testKey, memory);

  it("opens restic's test vector", () => {
    expect(sealer.open(vector).toString()).toBe('Dies ist ein Test!');
    expect(overMemory.open(vector).toString()).toBe('Dies ist ein Test!');
  });

  it("computes restic's authenticator vector", () => {
    // The vector gives key, IV, message and tag; the message is what is authenticated, so it is the ciphertext.
    const key = {
      encrypt: Buffer.alloc(32, 1),
      macK: hex('ec074c835580741701425b623235add6'),
      macR: hex('851fc40c3467ac0be05cc20404f3f700'),
    };
    const sealed = Buffer.concat([hex('fb447350c4e868c52ac3275cf9d4327e'), hex('f3f6'), hex('f4c633c3044fc145f84f335cb81953de')]);
    expect(() => new Sealer(key).verify(sealed)).not.toThrow();
  });

  it('opens what it sealed, at any length, in any memory', () => {
    for (const length of [0, 1, 15, 16, 17, 95, 96, 57_343, 57_344, 57_345, 131_071, 131_072, 131_073, 700_001]) {
      const plain = noise(length, length);
      const sealed = sealer.seal(plain);
      expect(sealed.length).toBe(length + sealOverheadBytes);
      expect(sealer.open(sealed).equals(plain)).toBe(true);

      const room = memory.view(memory.read);
      expect(overMemory.sealInto(plain, room)).toBe(sealed.length);
      const inMemory = room.subarray(0, sealed.length);
      expect(sealer.open(Buffer.from(inMemory)).equals(plain)).toBe(true);
      expect(Buffer.compare(overMemory.openFrom(inMemory, Buffer.alloc(length)), plain)).toBe(0);
      expect(Buffer.compare(overMemory.openInPlace(inMemory), plain)).toBe(0);
    }
  });

  it('seals where the plaintext lies', () => {
    const plain = noise(5000);
    const room = memory.view(memory.read);
    room.set(plain, 16);
    const length = overMemory.sealInPlace(room, plain.length);
    expect(sealer.open(room.subarray(0, length)).equals(plain)).toBe(true);
  });

  it('never uses an initialisation vector twice, far beyond one pool of random bytes', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 3000; i += 1) seen.add(sealer.seal(Buffer.from([i & 255])).toString('hex', 0, 16));
    expect(seen.size).toBe(3000);
  });

  it('refuses every single flipped bit and leaves the bytes as they were', () => {
    const sealed = sealer.seal(Buffer.from('a blob'));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const before = Buffer.from(flipped);
      expect(codeOf(() => sealer.open(flipped))).toBe('damaged/mac');
      expect(codeOf(() => overMemory.openInPlace(flipped))).toBe('damaged/mac');
      expect(flipped.equals(before)).toBe(true);
    }
  });

  it('refuses every truncation and every extension', () => {
    const sealed = sealer.seal(Buffer.from('a blob'));
    for (let length = 0; length < sealed.length; length += 1) {
      const wanted = length < sealOverheadBytes ? 'damaged/too-short' : 'damaged/mac';
      expect(codeOf(() => sealer.open(sealed.subarray(0, length)))).toBe(wanted);
    }
    expect(codeOf(() => sealer.open(Buffer.concat([sealed, Buffer.alloc(1)])))).toBe('damaged/mac');
  });

  it('refuses an all-zero initialisation vector, as restic does', () => {
    expect(codeOf(() => sealer.open(Buffer.alloc(64)))).toBe('damaged/zero-iv');
  });

  it('refuses what another key sealed', () => {
    const other = new Sealer({ ...testKey, macR: hex('851fc40c3467ac0be05cc20404f3f700') });
    expect(codeOf(() => sealer.open(other.seal(Buffer.from('x'))))).toBe('damaged/mac');
  });

  it('refuses keys of wrong length or of zeros', () => {
    expect(codeOf(() => new Sealer({ ...testKey, encrypt: Buffer.alloc(32) }))).toBe('damaged/bad-key');
    expect(codeOf(() => new Sealer({ ...testKey, macK: Buffer.alloc(16) }))).toBe('damaged/bad-key');
    expect(codeOf(() => new Sealer({ ...testKey, macR: Buffer.alloc(15, 1) }))).toBe('damaged/bad-key');
  });

  it('opens what it sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (plain) => {
        expect(Buffer.compare(overMemory.open(sealer.seal(plain)), plain)).toBe(0);
      }),
    );
  });
});
