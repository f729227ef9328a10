import { type ErrorKind, errorKinds, type FortFailError } from '@fortfail/base';

/** Whose numbers a verb answers with: restic's verbs keep restic's, FortFail's own use the table of error kinds. */
export type ExitFamily = 'restic' | 'product';

export const exitOk = 0;
/** Something was left out; what was done is good. */
export const exitPartial = 3;

const resticNumbers: Readonly<Partial<Record<ErrorKind, number>>> = {
  incomplete: 3,
  'repository-missing': 10,
  'repository-locked': 11,
  'wrong-password': 12,
  cancelled: 130,
};

/** The one place that turns a failure into an exit code. */
export function exitCodeOf(error: Pick<FortFailError, 'kind' | 'code'>, family: ExitFamily): number {
  if (family === 'restic') return resticNumbers[error.kind] ?? 1;
  // `start` answers as `backup` does when no source is left, so that a script tells both by the same number.
  if (error.code === 'no-source') return 1;
  return errorKinds[error.kind].exit;
}
