import type { CookieSerializeOptions } from '@fastify/cookie';

const maxAgeSeconds = 7 * 24 * 3600;

/** The session cookie: bound to host and TLS by its name where there is TLS, strict where there is none. */
export function sessionCookie(isTls: boolean): { name: string; options: CookieSerializeOptions } {
  const shared = { path: '/', httpOnly: true, maxAge: maxAgeSeconds };
  return isTls
    ? { name: '__Host-ff', options: { ...shared, secure: true, sameSite: 'lax' } }
    : { name: 'ff', options: { ...shared, sameSite: 'strict' } };
}
