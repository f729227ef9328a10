import { FortFailError, isFortFailError } from '@fortfail/base';

const code = 'output-closed';

/** Why a command ends whose output nobody reads any more. */
export function outputClosed(cause: unknown): FortFailError {
  return new FortFailError({ kind: 'cancelled', code, message: 'unable to write the output, nobody reads it', cause });
}

/** Whoever closed the output (`| head`) has what it wanted: that is no failure to speak of. */
export function isOutputClosed(signal: AbortSignal): boolean {
  return signal.aborted && isFortFailError(signal.reason) && signal.reason.code === code;
}
