import { toBase64Url } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import type { PasskeyJwk } from './roster.ts';

const malformed = () =>
  invalid(
    'cose-malformed',
    "unable to use a passkey's public key",
    'It must be of ES256 or Ed25519: make another passkey, or use an SSH key.',
  );

/** The head of a CBOR item in its shortest forms, which is all that such keys need: major type, value, next offset. */
function head(bytes: Uint8Array, at: number): readonly [major: number, value: number, next: number] {
  const first = bytes[at];
  if (first === undefined) throw malformed();
  const low = first & 0x1f;
  if (low < 24) return [first >> 5, low, at + 1];
  const length = low === 24 ? 1 : low === 25 ? 2 : 0;
  if (length === 0 || at + 1 + length > bytes.length) throw malformed();
  const value = bytes.subarray(at + 1, at + 1 + length).reduce((sum, byte) => sum * 256 + byte, 0);
  return [first >> 5, value, at + 1 + length];
}

function integer(major: number, value: number): number {
  if (major > 1) throw malformed();
  return major === 0 ? value : -1 - value;
}

/** The map of a COSE_Key: integer labels to integers or byte strings. */
function readMap(bytes: Uint8Array): ReadonlyMap<number, number | Uint8Array> {
  const [major, pairs, start] = head(bytes, 0);
  if (major !== 5) throw malformed();
  const map = new Map<number, number | Uint8Array>();
  let at = start;
  for (let i = 0; i < pairs; i += 1) {
    const [labelMajor, labelValue, afterLabel] = head(bytes, at);
    const [valueMajor, value, afterHead] = head(bytes, afterLabel);
    const end = valueMajor === 2 ? afterHead + value : afterHead;
    if (end > bytes.length) throw malformed();
    map.set(integer(labelMajor, labelValue), valueMajor === 2 ? bytes.slice(afterHead, end) : integer(valueMajor, value));
    at = end;
  }
  if (at !== bytes.length) throw malformed();
  return map;
}

/**
 * A passkey's public key (COSE_Key, as servers store it) as the JWK that a roster names. ES256 and Ed25519; kind
 * `invalid-input` for others, such as RSA.
 */
export function coseToJwk(bytes: Uint8Array): PasskeyJwk {
  const map = readMap(bytes);
  const coordinate = (label: number): string => {
    const value = map.get(label);
    if (!(value instanceof Uint8Array) || value.length !== 32) throw malformed();
    return toBase64Url(value);
  };
  const [kty, algorithm, curve] = [map.get(1), map.get(3), map.get(-1)];
  if (kty === 2 && algorithm === -7 && curve === 1) return { kty: 'EC', crv: 'P-256', x: coordinate(-2), y: coordinate(-3) };
  if (kty === 1 && algorithm === -8 && curve === 6) return { kty: 'OKP', crv: 'Ed25519', x: coordinate(-2) };
  throw malformed();
}
