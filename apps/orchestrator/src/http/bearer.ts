import { typedSecretPattern } from '@fortfail/trust';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.ts';
import type { Services } from '../services.ts';
import { HttpRefusal } from './problems.ts';
import type { Refusals } from './refusals.ts';

/** What a bearer token leads to: who asks, or a refusal. */
export interface BearerParts {
  readonly services: Pick<Services, 'tokens'>;
  readonly refusals: Refusals;
}

/**
 * Who shows an API token; undefined without `Authorization: Bearer`. Throws 401 for a token that does not hold, and 400 for
 * one beside a session's cookie, where it would be anybody's guess who asks.
 */
export async function bearerOf(
  parts: BearerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  hasSession: boolean,
): Promise<Principal | undefined> {
  const [, text] = /^bearer +(.*)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (text === undefined) return undefined;
  if (hasSession) {
    throw new HttpRefusal(400, {
      kind: 'invalid-input',
      code: 'two-credentials',
      message: 'unable to tell who asks, there is a token and a session',
      hint: 'Send the token without cookies.',
    });
  }
  const principal = await parts.services.tokens.find(text);
  if (principal !== undefined) return principal;
  await parts.refusals.record(
    { kind: 'nobody', id: 'nobody', name: 'nobody', grants: [] },
    { action: 'public', object: 'token' },
    'bad-token',
    request.ip,
  );
  reply.header('www-authenticate', 'Bearer error="invalid_token"');
  throw new HttpRefusal(401, {
    kind: 'denied',
    code: 'bad-token',
    message: 'unable to accept this token, it is unknown, expired or ended',
    hint: 'Make a new one with `fortfail token create`.',
  });
}

/** Addresses end up in histories and logs of others: what is secret never stands in one, and is not accepted from there. */
export function refuseSecretInUrl(request: FastifyRequest): void {
  const query = request.url.indexOf('?');
  if (query < 0 || request.url.slice(query).search(typedSecretPattern) < 0) return;
  throw new HttpRefusal(400, {
    kind: 'invalid-input',
    code: 'secret-in-url',
    message: 'unable to accept a secret in the address',
    hint: 'Send it in the Authorization header, and make a new one: this one may stand in a log by now.',
  });
}
