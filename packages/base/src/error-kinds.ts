/** What a program does about a failure: try again later, once more, with the next job, or never. */
export type Retry = 'never' | 'once' | 'later' | 'next-job';

export interface ErrorKindRule {
  readonly retry: Retry;
  /** Exit code of FortFail's own verbs. restic's verbs map to restic's numbers in the command line's exit table. */
  readonly exit: number;
  readonly http: number;
}

/**
 * The one table that says what follows from a failure. Nothing else may decide on retry, exit code or HTTP status,
 * and nothing decides by reading a message. 10, 11 and 12 are restic's numbers, kept on purpose.
 */
export const errorKinds = {
  'invalid-input': { retry: 'never', exit: 2, http: 400 },
  incomplete: { retry: 'next-job', exit: 3, http: 200 },
  'repository-missing': { retry: 'never', exit: 10, http: 404 },
  'repository-locked': { retry: 'later', exit: 11, http: 409 },
  'wrong-password': { retry: 'never', exit: 12, http: 422 },
  'not-found': { retry: 'never', exit: 20, http: 404 },
  conflict: { retry: 'never', exit: 21, http: 409 },
  denied: { retry: 'never', exit: 22, http: 403 },
  retained: { retry: 'never', exit: 23, http: 409 },
  unavailable: { retry: 'later', exit: 24, http: 503 },
  damaged: { retry: 'once', exit: 25, http: 500 },
  'no-space': { retry: 'later', exit: 26, http: 507 },
  cancelled: { retry: 'never', exit: 130, http: 409 },
  bug: { retry: 'never', exit: 1, http: 500 },
} as const satisfies Record<string, ErrorKindRule>;

export type ErrorKind = keyof typeof errorKinds;
