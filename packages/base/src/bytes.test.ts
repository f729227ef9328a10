import { describe, expect, it } from 'vitest';
import { formatBytes, fromHex, toHex } from './bytes.ts';

describe('hexadecimal', () => {
  it('comes back as it went', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    expect(fromHex(toHex(bytes))).toEqual(bytes);
  });

  it('refuses odd lengths and foreign digits', () => {
    expect([fromHex('abc'), fromHex('zz'), fromHex('')]).toEqual([undefined, undefined, new Uint8Array()]);
  });
});

describe('a size for people', () => {
  it('has three figures and decimal units', () => {
    expect([0, 12, 999, 1000, 9_994, 12_345, 418_000_000, 7_790_000_000_000].map(formatBytes)).toEqual([
      '0 B',
      '12 B',
      '999 B',
      '1.00 kB',
      '9.99 kB',
      '12.3 kB',
      '418 MB',
      '7.79 TB',
    ]);
  });

  it('moves to the next unit before it would show four figures', () => {
    expect([999_499, 999_500].map(formatBytes)).toEqual(['999 kB', '1.00 MB']);
  });
});
