/**
 * Polynomials over GF(2), one bit a coefficient: what decides where a repository's files are cut (restic format, section 8).
 * Two repositories with different polynomials cut the same file differently, which hides sizes from whoever sees the packs.
 */
import { randomBytes } from 'node:crypto';
import { FortFailError } from '@fortfail/base';

/** Degree of every polynomial that restic makes. The kernels know no other. */
export const polynomialDegree = 53;
const degreeBit = 1n << BigInt(polynomialDegree);

/** Degree of a polynomial, -1 for zero. */
export function degree(p: bigint): number {
  return p === 0n ? -1 : p.toString(2).length - 1;
}

/** Remainder of `p` divided by `divisor`. */
export function modulo(p: bigint, divisor: bigint): bigint {
  const divisorDegree = degree(divisor);
  let rest = p;
  for (let d = degree(rest); d >= divisorDegree; d = degree(rest)) rest ^= divisor << BigInt(d - divisorDegree);
  return rest;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, modulo(x, y)];
  return x;
}

/** Squaring only puts a zero between each two coefficients. */
function square(p: bigint): bigint {
  let result = 0n;
  for (let rest = p, bit = 1n; rest !== 0n; rest >>= 1n, bit <<= 2n) {
    if ((rest & 1n) !== 0n) result |= bit;
  }
  return result;
}

/** Ben-Or's test: no factor of degree i for any i up to half the degree. */
export function isIrreducible(p: bigint): boolean {
  const half = Math.floor(degree(p) / 2);
  if (degree(p) < 1) return false;
  let power = 2n;
  for (let i = 1; i <= half; i += 1) {
    power = modulo(square(power), p);
    if (gcd(p, power ^ 2n) !== 1n) return false;
  }
  return true;
}

/** A random irreducible polynomial of degree 53, as a new repository needs. */
export function randomPolynomial(): bigint {
  for (;;) {
    const candidate = (randomBytes(8).readBigUInt64LE() & (degreeBit - 1n)) | degreeBit | 1n;
    if (isIrreducible(candidate)) return candidate;
  }
}

/** Throws `damaged` when a repository's polynomial cannot be used to cut files. */
export function requireUsablePolynomial(p: bigint): void {
  if (degree(p) === polynomialDegree && isIrreducible(p)) return;
  throw new FortFailError({
    kind: 'damaged',
    code: 'polynomial',
    message: `unable to use chunker polynomial '${p.toString(16)}', it is not irreducible of degree ${polynomialDegree}`,
  });
}
