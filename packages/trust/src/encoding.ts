import { base64, base64nopad, base64urlnopad } from '@scure/base';

const encoder = new TextEncoder();

/** UTF-8 bytes of a text; bytes stay as they are. */
export function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? encoder.encode(value) : value;
}

/** The text of well-formed UTF-8; undefined for anything else. A byte order mark is kept, as it is part of what was signed. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value of a JSON text; undefined for anything else, which no JSON text can mean. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function decodeWith(decode: (text: string) => Uint8Array, text: string): Uint8Array | undefined {
  try {
    return decode(text);
  } catch {
    return undefined;
  }
}

/** Standard base64 with padding. */
export const toBase64 = (bytes: Uint8Array): string => base64.encode(bytes);
/** Standard base64 without padding, as in SSH fingerprints. */
export const toBase64NoPad = (bytes: Uint8Array): string => base64nopad.encode(bytes);
/** base64url without padding, as in JWS. */
export const toBase64Url = (bytes: Uint8Array): string => base64urlnopad.encode(bytes);
/** Bytes of canonical base64; undefined for anything else. */
export const fromBase64 = (text: string): Uint8Array | undefined => decodeWith(base64.decode, text);
export const fromBase64NoPad = (text: string): Uint8Array | undefined => decodeWith(base64nopad.decode, text);
export const fromBase64Url = (text: string): Uint8Array | undefined => decodeWith(base64urlnopad.decode, text);

/** True for equal bytes; takes the same time wherever they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Joined bytes. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
