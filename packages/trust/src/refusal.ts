import { FortFailError } from '@fortfail/base';

/** What somebody gave is not well formed: kind `invalid-input`. */
export function invalid(code: string, message: string, hint?: string, cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'invalid-input', code, message, hint, cause });
}

/** What somebody showed does not prove what it should: kind `denied`. */
export function denied(code: string, message: string, hint?: string, cause?: unknown): FortFailError {
  return new FortFailError({ kind: 'denied', code, message, hint, cause });
}
