import { poly1305 } from '@noble/ciphers/_poly1305.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernelModule } from './kernel-module.ts';
import { WorkerMemory } from './worker-memory.ts';

const memory = new WorkerMemory(loadKernelModule(), { readBytes: 256 * 1024 });

/** The kernel's tag, with the message given in pieces of `pieceBytes` (a multiple of 16). */
function tagOf(key: Uint8Array, message: Uint8Array, pieceBytes = message.length, shift = 0): string {
  const { bytes, kernels, mac, read } = memory;
  bytes.set(key, mac.offset + 48);
  bytes.set(message, read.offset + shift);
  kernels.polyStart(mac.offset);
  for (let at = 0; at < message.length; at += pieceBytes) {
    kernels.polyUpdate(mac.offset, read.offset + shift + at, Math.min(pieceBytes, message.length - at));
  }
  kernels.polyFinish(mac.offset);
  return bytes.toString('hex', mac.offset + 80, mac.offset + 96);
}

function nobleTag(key: Uint8Array, message: Uint8Array): string {
  return Buffer.from(poly1305(message, key)).toString('hex');
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('the Poly1305 kernel', () => {
  it('gives the tag of RFC 8439 section 2.5.2', () => {
    const key = hex('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b');
    expect(tagOf(key, Buffer.from('Cryptographic Forum Research Group'))).toBe('a8061dc1305136c6c22b8baf0c0127a9');
  });

  it.each([
    ['1', hex('00'.repeat(32)), Buffer.alloc(64), '00000000000000000000000000000000'],
    ['7', Buffer.concat([hex('02'), Buffer.alloc(31)]), hex('ff'.repeat(16)), '03000000000000000000000000000000'],
    [
      '8',
      Buffer.concat([hex('02'), Buffer.alloc(15), hex('ff'.repeat(16))]),
      hex('02'.padEnd(32, '0')),
      '03000000000000000000000000000000',
    ],
    [
      '9',
      Buffer.concat([hex('01'), Buffer.alloc(31)]),
      hex(`${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`),
      '05000000000000000000000000000000',
    ],
    [
      '10',
      Buffer.concat([hex('01'), Buffer.alloc(31)]),
      hex(`${'ff'.repeat(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`),
      '00000000000000000000000000000000',
    ],
    ['11', Buffer.concat([hex('02'), Buffer.alloc(31)]), hex(`fd${'ff'.repeat(15)}`), 'faffffffffffffffffffffffffffffff'],
    [
      '12',
      hex('0100000000000000040000000000000000000000000000000000000000000000'),
      hex(
        'e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001000000000000000000000000000000',
      ),
      '14000000000000005500000000000000',
    ],
    [
      '13',
      hex('0100000000000000040000000000000000000000000000000000000000000000'),
      hex('e33594d7505e43b900000000000000003394d7505e4379cd010000000000000000000000000000000000000000000000'),
      '13000000000000000000000000000000',
    ],
  ])('gives the tag of RFC 8439 A.3 vector %s', (_name, key, message, tag) => {
    expect(tagOf(key, message)).toBe(tag);
  });

  it('agrees with an independent implementation at every length around its thresholds, whole and in pieces', () => {
    const key = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 11) & 255));
    const message = Buffer.from(Array.from({ length: 700 }, (_, i) => (i * i + 3 * i) & 255));
    for (let length = 0; length <= 700; length += 1) {
      const part = message.subarray(0, length);
      const wanted = nobleTag(key, part);
      expect(tagOf(key, part)).toBe(wanted);
      expect(tagOf(key, part, 112, length % 5)).toBe(wanted);
      expect(tagOf(key, part, 16)).toBe(wanted);
    }
  });

  it('agrees with an independent implementation on any key, message and way to cut it', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
    // Extreme bytes make the carries travel.
    const key = fc.oneof(
      bytes(32),
      fc.constant(new Uint8Array(32).fill(255)),
      bytes(32).map((k) => k.map((b) => (b < 128 ? 255 : 0))),
    );
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat({ max: 70_000 }).map((length) => new Uint8Array(length).fill(255)),
      fc.uint8Array({ maxLength: 3000 }).map((m) => m.map((b) => (b < 200 ? 255 : b))),
    );
    fc.assert(
      fc.property(key, message, fc.integer({ min: 1, max: 300 }), (k, m, blocks) => {
        const wanted = nobleTag(k, m);
        expect(tagOf(k, m)).toBe(wanted);
        expect(tagOf(k, m, blocks * 16)).toBe(wanted);
      }),
      { numRuns: 600 },
    );
  });

  it('reads no byte behind the message', () => {
    const key = Buffer.alloc(32, 7);
    memory.bytes.fill(255, memory.read.offset, memory.read.offset + 1000);
    const first = tagOf(key, Buffer.alloc(199, 1));
    memory.bytes.fill(0, memory.read.offset, memory.read.offset + 1000);
    expect(tagOf(key, Buffer.alloc(199, 1))).toBe(first);
  });
});
