import { type ErrorKind, FortFailError, isFortFailError } from '@fortfail/base';

/** Whether a server said that there is no such object or bucket. A HEAD has no words, only its status. */
export function isMissing(error: unknown): boolean {
  const name = nameOf(error);
  return name === 'NoSuchKey' || name === 'NoSuchBucket' || name === 'NotFound' || statusOf(error) === 404;
}

const byName: Readonly<Record<string, ErrorKind>> = {
  QuotaExceeded: 'no-space',
  XMinioStorageFull: 'no-space',
  EntityTooLarge: 'no-space',
  AbortError: 'cancelled',
};

/** What an S3 request failed with as a FortFailError; `doing` says what could not be done. What is one already stays itself. */
export function fromS3Error(error: unknown, doing: string): FortFailError {
  if (isFortFailError(error)) return error;
  const name = nameOf(error);
  const status = statusOf(error);
  const kind = byName[name] ?? (isMissing(error) ? 'not-found' : kindOf(status));
  return new FortFailError({
    kind,
    code: `s3-${name.replaceAll(/[^A-Za-z0-9]+/g, '-').toLowerCase()}`,
    message: `unable to ${doing} in the object store (${name}${status === undefined ? '' : `, status ${status}`})`,
    hint: kind === 'denied' ? 'Check S3_ACCESS_KEY, S3_SECRET_KEY and what they may do in S3_BUCKET.' : hintFor(kind),
    cause: error,
  });
}

function kindOf(status: number | undefined): ErrorKind {
  if (status === 401 || status === 403) return 'denied';
  if (status === 507) return 'no-space';
  // No status: nobody answered, or not in S3's language.
  return 'unavailable';
}

function hintFor(kind: ErrorKind): string | undefined {
  return kind === 'unavailable' ? 'See that S3_ENDPOINT is right and its server answers, then try again.' : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'NoAnswer';
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  return httpStatusCode;
}
