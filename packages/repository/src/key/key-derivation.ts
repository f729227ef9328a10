import { scrypt } from 'node:crypto';
import { type Clock, FortFailError, type Secret } from '@fortfail/base';
import type { MasterKey } from '../crypto/master-key.ts';
import type { KdfParameters } from '../format/key-document.ts';

/** restic's own calibration stays below 60 MiB; what asks for more than this was made to exhaust us. */
const maxMemoryBytes = 2 ** 31;

/**
 * The key that opens a key slot: scrypt over the password's UTF-8 bytes, not normalised. Runs outside the main
 * thread. Throws `damaged` for parameters no tool would choose.
 */
export function deriveUserKey(password: Secret, salt: Uint8Array, { N, r, p }: KdfParameters): Promise<MasterKey> {
  const needed = 128 * N * r + 128 * r * p + 1024 * 1024;
  if (needed > maxMemoryBytes) {
    return Promise.reject(
      new FortFailError({ kind: 'damaged', code: 'kdf-cost', message: 'unable to derive key, scrypt would need more than 2 GiB' }),
    );
  }
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(password.reveal(), 'utf8'), salt, 64, { N, r, p, maxmem: needed * 2 }, (error, derived) => {
      if (error === null) resolve({ encrypt: derived.subarray(0, 32), macK: derived.subarray(32, 48), macR: derived.subarray(48, 64) });
      else
        reject(
          new FortFailError({ kind: 'damaged', code: 'kdf', message: 'unable to derive key, its parameters are invalid', cause: error }),
        );
    });
  });
}

const N = 32_768;
const r = 8;
/** Below it a password would be cheap to guess however slow this machine is; above it every command waits. */
const leastP = 3;
const mostP = 10;
const targetMs = 400;

/** Parameters that cost this machine about 0.4 s, with restic's memory of 32 MiB. */
export async function calibrateKdf(clock: Clock, password: Secret): Promise<KdfParameters> {
  const began = clock.monotonicMs();
  await deriveUserKey(password, new Uint8Array(64), { N, r, p: 1 });
  const tookMs = Math.max(1, clock.monotonicMs() - began);
  return { N, r, p: Math.min(mostP, Math.max(leastP, Math.round(targetMs / tookMs))) };
}
