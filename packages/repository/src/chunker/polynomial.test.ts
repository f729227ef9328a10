import { describe, expect, it } from 'vitest';
import { testPolynomial } from '../pack/testing/pipeline-fixture.ts';
import { degree, isIrreducible, modulo, randomPolynomial, requireUsablePolynomial } from './polynomial.ts';

/** Divides by every polynomial of lower degree: slow and beyond doubt. */
function hasDivisor(p: bigint): boolean {
  for (let divisor = 2n; degree(divisor) <= degree(p) / 2; divisor += 1n) if (modulo(p, divisor) === 0n) return true;
  return false;
}

describe('polynomials over GF(2)', () => {
  it('tells irreducible ones from the others, compared with trial division', () => {
    for (let p = 2n; p < 2n ** 11n; p += 1n) expect([p, isIrreducible(p)]).toEqual([p, !hasDivisor(p)]);
    expect(isIrreducible(0n)).toBe(false);
    expect(isIrreducible(1n)).toBe(false);
  });

  it("accepts restic's polynomials and refuses their neighbours", () => {
    expect(isIrreducible(testPolynomial)).toBe(true);
    expect(isIrreducible(testPolynomial ^ 2n)).toBe(false);
    expect(isIrreducible(testPolynomial ^ 1n)).toBe(false);
  });

  it('makes random ones of degree 53 that can be used', () => {
    const made = Array.from({ length: 8 }, randomPolynomial);
    for (const p of made) {
      expect(degree(p)).toBe(53);
      expect(() => requireUsablePolynomial(p)).not.toThrow();
    }
    expect(new Set(made).size).toBe(8);
  });

  it('refuses what the kernels cannot cut by', () => {
    for (const p of [0n, 0x25n, testPolynomial << 1n, testPolynomial ^ 2n, 2n ** 54n + 1n]) {
      expect(() => requireUsablePolynomial(p)).toThrow(/unable to use chunker polynomial/);
    }
  });
});
