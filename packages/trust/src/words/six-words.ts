import { fromHex } from '@fortfail/base';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { fromBase64NoPad, fromBase64Url } from '../encoding.ts';
import { invalid } from '../refusal.ts';

const bitsPerWord = 11n;

/** 32 bytes of a digest in any of the forms we print: `SHA256:<base64>`, `sha256:<hex or base64url>`, 64 hex digits, 43 base64url. */
function digestBytes(text: string): Uint8Array | undefined {
  const body = text.replace(/^sha256:/i, '');
  if (/^[0-9a-fA-F]{64}$/.test(body)) return fromHex(body);
  return fromBase64NoPad(body) ?? fromBase64Url(body);
}

/**
 * Six words (66 bits, from the 2048 English words of BIP 39) of a digest, for two people to compare. Equal digests give equal
 * words in whatever form they are written. Kind `invalid-input` unless it is 32 bytes.
 */
export function sixWords(digest: Uint8Array | string): readonly string[] {
  const bytes = typeof digest === 'string' ? digestBytes(digest) : digest;
  if (bytes?.length !== 32) throw invalid('words-digest', 'unable to make six words of what is not a SHA-256 digest');
  let bits = bytes.subarray(0, 9).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) >> 6n;
  const words: string[] = [];
  for (let i = 0; i < 6; i += 1) {
    words.unshift(wordlist[Number(bits & 0x7ffn)] ?? '');
    bits >>= bitsPerWord;
  }
  return words;
}
