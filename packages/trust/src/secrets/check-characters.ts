import { toHex } from '@fortfail/base';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesOf } from '../encoding.ts';

/** Six characters that find a typing error in a text: the first 24 bits of its SHA-256, as hexadecimal. No secret in it. */
export function checkCharacters(text: string): string {
  return toHex(sha256(bytesOf(text)).subarray(0, 3));
}
