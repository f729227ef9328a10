import type { BrowseQuestion, SealedAnswer } from '@fortfail/protocol';
import { sealTo } from '@fortfail/trust';

/** Sizes are rounded up to a multiple of this, or of an eighth of the size when that is more. */
const smallestStep = 4096;

/**
 * An answer that only the key of `recipient` opens. It names its question, so that one answer cannot pass for another, and
 * is padded, so that its size tells little of names and contents. Throws `invalid-input` for a text that is no recipient.
 */
export async function sealAnswer(recipient: string, question: BrowseQuestion, value: unknown): Promise<SealedAnswer> {
  const plain = Buffer.from(JSON.stringify({ v: 1, question, value }));
  // Blanks after JSON mean nothing to who reads it.
  const padded = Buffer.alloc(paddedLength(plain.length), ' ');
  plain.copy(padded);
  return { form: 'sealed', age: await sealTo([recipient], padded) };
}

/** The size told instead of `length`: never less, at most an eighth more or 4 KiB. */
export function paddedLength(length: number): number {
  const step = Math.max(smallestStep, 2 ** (Math.floor(Math.log2(Math.max(1, length))) - 3));
  return Math.max(1, Math.ceil(length / step)) * step;
}
