import { type ErrorKind, errorKinds } from './error-kinds.ts';

export interface ErrorDetails {
  readonly kind: ErrorKind;
  /** Stable, kebab-case name of this failure within its kind, for programs: `fenced`, `port-taken`. */
  readonly code: string;
  /** Lower case, no stop, "unable to VERB OBJECT 'NAME'". Never a secret. */
  readonly message: string;
  /** One or two full sentences naming the next action. */
  readonly hint?: string | undefined;
  /** Facts for the log. Never a secret. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** The only error class thrown across packages: the kind decides retry, exit code and HTTP status. */
export class FortFailError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'FortFailError';
    this.kind = details.kind;
    this.code = details.code;
    this.hint = details.hint;
    this.context = details.context ?? {};
  }
}

/** True for a FortFailError, and of that kind when one is named. */
export function isFortFailError(error: unknown, kind?: ErrorKind): error is FortFailError {
  return error instanceof FortFailError && (kind === undefined || error.kind === kind);
}

/** Wraps whatever was thrown: a FortFailError stays itself, everything else is unclassified and hence a bug. */
export function asFortFailError(error: unknown): FortFailError {
  if (error instanceof FortFailError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FortFailError({ kind: 'bug', code: 'unclassified', message, cause: error });
}

/** A FortFailError as plain data, to cross a thread, a link or a log. */
export interface ErrorRecord {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function toErrorRecord(error: unknown): ErrorRecord {
  const { kind, code, message, hint } = asFortFailError(error);
  return hint === undefined ? { kind, code, message } : { kind, code, message, hint };
}

export function fromErrorRecord(record: ErrorRecord): FortFailError {
  const kind = Object.hasOwn(errorKinds, record.kind) ? record.kind : 'bug';
  return new FortFailError({ ...record, kind });
}
