import { FortFailError } from '@fortfail/base';
import type { IoOptions } from './backend.ts';

/** Throws `cancelled`, or the signal's own FortFailError, once the caller gave up. */
export function throwIfAborted(options: IoOptions | undefined): void {
  const signal = options?.signal;
  if (signal?.aborted !== true) return;
  if (signal.reason instanceof FortFailError) throw signal.reason;
  throw new FortFailError({ kind: 'cancelled', code: 'aborted', message: 'storage request cancelled', cause: signal.reason });
}
