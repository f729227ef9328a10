import { isFortFailError } from '@fortfail/base';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../../first-api/refusal.ts';
import { toProblem } from '../problems.ts';
import type { Refusals } from '../refusals.ts';
import type { V0Services } from './callers.ts';

const multipartFaults: Readonly<Record<string, { status: number; detail: string }>> = {
  FST_REQ_FILE_TOO_LARGE: { status: 413, detail: 'Object is larger than 10 GiB' },
  FST_FILES_LIMIT: { status: 413, detail: 'One file at a time' },
  FST_PARTS_LIMIT: { status: 413, detail: 'Too many parts in the form' },
  FST_FIELDS_LIMIT: { status: 413, detail: 'Too many fields in the form' },
  FST_INVALID_MULTIPART_CONTENT_TYPE: { status: 422, detail: 'The object must be sent as multipart/form-data, in the field file' },
  FST_PROTO_VIOLATION: { status: 422, detail: 'A field of the form has a name that is not allowed' },
  FST_MP_PREMATURE_CLOSE: { status: 400, detail: 'The form ended before its end' },
};

/** Every failure of the first API as `{detail}` with its status; refusals are put on record, faults are logged. */
export function answerErrors(services: V0Services, refusals: Refusals) {
  return async (thrown: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { status, problem, error } = toProblem(fromForm(thrown), request.id);
    const fields = {
      component: 'first-api',
      requestId: request.id,
      route: request.routeOptions.url,
      errKind: error.kind,
      errCode: error.code,
    };
    if (error.kind === 'bug' || error.kind === 'damaged' || error.kind === 'no-space')
      services.logger.error({ ...fields, err: thrown }, 'request failed');
    else services.logger.debug(fields, 'request refused');
    if (status === 401 || status === 403 || status === 429)
      await refusals.record(request.principal, { action: 'agent-self', object: 'agent' }, error.code, request.ip);
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    if ('retryAfterSeconds' in error && typeof error.retryAfterSeconds === 'number') reply.header('retry-after', error.retryAfterSeconds);
    const detail = error.hint === undefined ? problem.detail : `${problem.detail}. ${error.hint}`;
    return reply.code(status).type('application/json').send({ detail });
  };
}

function fromForm(thrown: unknown): unknown {
  if (isFortFailError(thrown) || !(thrown instanceof Error)) return thrown;
  const code = 'code' in thrown ? String(thrown.code) : '';
  const fault = multipartFaults[code];
  if (fault !== undefined) return refuse(fault.status, code.toLowerCase().replaceAll('_', '-'), fault.detail);
  // What is no JSON is one more way of not having the right fields.
  if (thrown instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return refuse(422, 'not-json', 'The body is not valid JSON');
  return thrown;
}
