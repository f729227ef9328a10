import { fromHex, toHex } from '@fortfail/base';
import { bech32m } from '@scure/base';
import { combine, split } from 'shamir-secret-sharing';
import { concatBytes } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { RecoveryKey, typedText } from './recovery-key.ts';

/** bech32m over: version, k, n, four bytes of the kit id, 33 bytes of the share (32 values and its x). 78 characters. */
const humanPart = 'ffshare';
const version = 1;
const shareLength = 33;
const mostShares = 16;

interface Share {
  readonly k: number;
  readonly n: number;
  readonly kitId: string;
  readonly share: Uint8Array;
}

/**
 * Splits the key into `n` texts of which any `k` give it back and fewer say nothing. 2 <= k <= n <= 16. Kind `invalid-input`.
 */
export async function splitShares(key: RecoveryKey, k: number, n: number): Promise<string[]> {
  if (!Number.isInteger(k) || !Number.isInteger(n) || k < 2 || n < k || n > mostShares) {
    throw invalid(
      'share-numbers',
      `unable to split a key into ${n} shares of which ${k} are needed`,
      `Use 2 to ${mostShares} shares, and need 2 or more.`,
    );
  }
  const kitId = fromHex(key.kitId) ?? new Uint8Array();
  const shares = await split(key.toBytes(), n, k);
  return shares.map((share) => bech32m.encodeFromBytes(humanPart, concatBytes(Uint8Array.of(version, k, n), kitId, share)).toUpperCase());
}

function decodeShare(text: string): Uint8Array | undefined {
  try {
    const { prefix, bytes } = bech32m.decodeToBytes(typedText(text).toLowerCase());
    return prefix === humanPart ? bytes : undefined;
  } catch {
    // The decoder's own words repeat its input, which is a secret.
    return undefined;
  }
}

function parseShare(text: string, position: number): Share {
  const bytes = text.length > 400 ? undefined : decodeShare(text);
  if (bytes?.length !== 7 + shareLength || bytes[0] !== version) {
    throw invalid(
      'share-malformed',
      `unable to read share ${position} of those given`,
      'It begins with FFSHARE1; one character or more is wrong or missing.',
    );
  }
  const [, k = 0, n = 0] = bytes;
  return { k, n, kitId: toHex(bytes.subarray(3, 7)), share: bytes.slice(7) };
}

function distinct(shares: readonly Share[]): readonly Share[] {
  const byPlace = new Map(shares.map((share) => [share.share[shareLength - 1], share]));
  const isContradiction = shares.some(
    (share) => toHex(byPlace.get(share.share[shareLength - 1])?.share ?? share.share) !== toHex(share.share),
  );
  if (isContradiction) throw mismatch();
  return [...byPlace.values()];
}

function mismatch() {
  return invalid('share-mismatch', 'unable to join shares that do not belong together', 'All must be of one kit and of one splitting.');
}

/**
 * Joins shares in any order, grouping and case; one given twice counts once. Kind `invalid-input`: `share-malformed` names
 * the one with a typing error by its position, `share-few` tells how many are missing, `share-mismatch` when the joined key is
 * not the one of the kit that the shares name.
 */
export async function joinShares(texts: readonly string[]): Promise<RecoveryKey> {
  if (texts.length > 255) throw invalid('share-many', 'unable to join more than 255 shares');
  const given = texts.map((text, i) => parseShare(text, i + 1));
  const [first] = given;
  if (first === undefined) throw invalid('share-few', 'unable to join no shares');
  const isOneKit = given.every(({ k, n, kitId }) => k === first.k && n === first.n && kitId === first.kitId);
  if (!isOneKit) throw mismatch();
  const shares = distinct(given);
  if (shares.length < first.k || first.k < 2) {
    throw invalid(
      'share-few',
      `unable to join ${shares.length} of the ${first.k} shares that are needed`,
      'Ask another holder of a share.',
    );
  }
  const key = await combined(shares);
  if (key.kitId !== first.kitId) throw mismatch();
  return key;
}

async function combined(shares: readonly Share[]): Promise<RecoveryKey> {
  let bytes: Uint8Array;
  try {
    bytes = await combine(shares.map(({ share }) => Uint8Array.from(share)));
  } catch {
    throw mismatch();
  }
  return RecoveryKey.fromBytes(bytes);
}
