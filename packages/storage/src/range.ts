import { FortFailError } from '@fortfail/base';
import type { ByteRange, GetOptions, Handle } from './backend.ts';
import { describeHandle } from './layout.ts';

/** Throws `invalid-input` for a range that no file can have. */
export function checkRange(range: ByteRange): void {
  const { offset, length } = range;
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) return;
  throw new FortFailError({ kind: 'invalid-input', code: 'range', message: `invalid byte range ${offset}+${length}` });
}

/** Memory for `length` bytes: the beginning of the caller's own, or new. */
export function memoryFor(length: number, options: GetOptions | undefined): Uint8Array {
  const into = options?.into;
  if (into === undefined) return Buffer.allocUnsafeSlow(length);
  if (into.length < length) {
    const message = `unable to read ${length} bytes into memory of ${into.length}`;
    throw new FortFailError({ kind: 'invalid-input', code: 'memory-too-small', message });
  }
  return into.subarray(0, length);
}

export function endsEarly(handle: Handle, range: ByteRange, sizeBytes: number): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'short-file',
    message: `unable to read ${describeHandle(handle)}, it ends after ${sizeBytes} bytes`,
    hint: 'Part of the file is gone. Run a check with all data to see what else is damaged.',
    context: { offset: range.offset, length: range.length, sizeBytes },
  });
}
