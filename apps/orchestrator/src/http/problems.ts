import { asFortFailError, type ErrorDetails, errorKinds, FortFailError } from '@fortfail/base';
import type { Problem } from '@fortfail/protocol';
import type { z } from 'zod';

/** A refusal that HTTP has a status of its own for, beyond what the error's kind says. */
export class HttpRefusal extends FortFailError {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, details: ErrorDetails, retryAfterSeconds?: number) {
    super(details);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** Input that does not fit, with the fields at fault. */
export class InvalidFields extends FortFailError {
  readonly fields: readonly FieldFault[];

  constructor(where: 'body' | 'query', fields: readonly FieldFault[]) {
    super({
      kind: 'invalid-input',
      code: `invalid-${where}`,
      message: `unable to accept the ${where}: ${fields.map(({ field, message }) => (field === '' ? message : `${field} ${message}`)).join('; ')}`,
    });
    this.fields = fields;
  }
}

/** A schema's findings as fields and what is wrong with each. */
export function faultsOf(issues: readonly z.core.$ZodIssue[]): FieldFault[] {
  return issues.flatMap((issue) => {
    const field = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: field === '' ? key : `${field}.${key}`, message: 'is not a known field' }));
    }
    return [{ field, message: wordsOf(issue) }];
  });
}

/** The schema library's own sentences begin with what everybody knows; ours read on after the field's name. */
function wordsOf(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return /received undefined$/.test(issue.message) ? 'is missing' : `must be of type ${issue.expected}`;
  if (issue.code === 'invalid_format') return 'is not in the form it must have';
  if (issue.code === 'invalid_union') return 'is none of the known kinds';
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small')
    return `must be at least ${issue.minimum}${issue.origin === 'number' || issue.origin === 'int' ? '' : ' long'}`;
  if (issue.code === 'too_big')
    return `must be at most ${issue.maximum}${issue.origin === 'number' || issue.origin === 'int' ? '' : ' long'}`;
  return issue.message;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Not understood',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  409: 'In conflict with the present state',
  412: 'Changed meanwhile',
  413: 'Too large',
  415: 'Not this kind of content',
  421: 'Not this host',
  422: 'Cannot be done',
  428: 'State the version you have seen',
  429: 'Too often',
  500: 'A fault of FortFail',
  503: 'Not available now',
  507: 'No space left',
};

export interface ProblemAnswer {
  readonly status: number;
  readonly problem: Problem;
  readonly error: FortFailError;
}

/** Any failure as RFC 9457 problem details. What is not FortFail's own error tells nothing of its inside. */
export function toProblem(thrown: unknown, requestId: string): ProblemAnswer {
  const error = fromFramework(thrown) ?? asFortFailError(thrown);
  const status = error instanceof HttpRefusal ? error.status : errorKinds[error.kind].http;
  const isBug = error.kind === 'bug';
  const problem: Problem = {
    type: `urn:fortfail:problem:${error.code}`,
    title: titles[status] ?? 'Refused',
    status,
    detail: isBug ? 'unable to answer, because of a fault in FortFail; its log names it under this request id' : error.message,
    kind: error.kind,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    requestId,
    ...(error instanceof InvalidFields ? { errors: [...error.fields] } : {}),
  };
  return { status, problem, error };
}

export const noSuchPath: ErrorDetails = { kind: 'not-found', code: 'no-such-path', message: 'unable to find this path' };

const frameworkCodes: Readonly<Record<string, ErrorDetails & { status: number }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    kind: 'invalid-input',
    code: 'body-too-large',
    message: 'unable to accept a body of more than 1 MiB',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    kind: 'invalid-input',
    code: 'not-json',
    message: 'unable to accept this content type',
    hint: 'Send application/json.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    status: 400,
    kind: 'invalid-input',
    code: 'content-length',
    message: 'unable to accept a body of another length than stated',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: {
    status: 400,
    kind: 'invalid-input',
    code: 'bad-json',
    message: 'unable to understand the body, it is not valid JSON',
  },
  FST_ERR_MAX_PARAM_LENGTH: { status: 404, ...noSuchPath },
  FST_ERR_BAD_URL: { status: 400, kind: 'invalid-input', code: 'bad-path', message: 'unable to understand the path' },
};

/** The web framework's own refusals, by its codes. */
function fromFramework(thrown: unknown): FortFailError | undefined {
  if (thrown instanceof FortFailError || !(thrown instanceof Error)) return undefined;
  const known = 'code' in thrown && typeof thrown.code === 'string' ? frameworkCodes[thrown.code] : undefined;
  if (known !== undefined) return new HttpRefusal(known.status, known);
  // Whatever else the framework and its plugins refuse, like a path that leaves the folder of static files.
  const status = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 0;
  if (status === 403 || status === 404) return new HttpRefusal(404, noSuchPath);
  if (status >= 400 && status < 500)
    return new HttpRefusal(status, { kind: 'invalid-input', code: 'bad-request', message: 'unable to understand the request' });
  return undefined;
}
