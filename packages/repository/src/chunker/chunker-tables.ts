import { modulo, polynomialDegree } from './polynomial.ts';

const windowBytes = 64;

/**
 * The kernel's tables: 256 numbers that bring an appended byte's overflow back below degree 53 (with the overflow itself, so
 * that one exclusive-or does both), then 256 that take away the byte leaving the window.
 */
export function chunkerTables(polynomial: bigint): BigUint64Array {
  const shift = BigInt(polynomialDegree);
  const tables = new BigUint64Array(512);
  for (let byte = 0; byte < 256; byte += 1) {
    const value = BigInt(byte);
    tables[byte] = modulo(value << shift, polynomial) | (value << shift);
    // The byte is 63 places old when the next one comes; the kernel removes it after appending, hence one place more.
    let leaving = value;
    for (let place = 0; place < windowBytes; place += 1) leaving = modulo(leaving << 8n, polynomial);
    tables[256 + byte] = leaving;
  }
  return tables;
}
