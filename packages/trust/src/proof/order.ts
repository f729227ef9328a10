import { CompactSign, compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { z } from 'zod';
import { bytesOf, jsonOf, textOf, toBase64Url } from '../encoding.ts';
import { denied } from '../refusal.ts';
import { readKeyParts, type SshPublicKey, sshFingerprint } from '../ssh/public-key.ts';
import type { SigningKey } from '../ssh/signing-key.ts';

const orderType = 'fortfail-order+jwt';
/** Plans and rosters travel inside; what is longer is not worth a hash. */
const longest = 8 << 20;

const header = z.object({ typ: z.literal(orderType), alg: z.literal('EdDSA'), kid: z.string().max(64), crit: z.never().optional() });
const times = z.looseObject({ aud: z.string(), exp: z.int().optional() });

const malformed = (cause?: unknown) => denied('order-malformed', 'unable to read an order', undefined, cause);

/** An order as compact JWS (EdDSA), `kid` the key's SSH fingerprint. `claims` should have `aud`, `iat` and `exp` in seconds. */
export async function signOrder(key: SigningKey, claims: object): Promise<string> {
  const secret = await importJWK(key.toJwk(), 'EdDSA');
  return await new CompactSign(bytesOf(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: orderType, kid: key.fingerprint })
    .sign(secret);
}

function readKid(jws: string): string {
  if (jws.length > longest) throw malformed();
  let decoded: unknown;
  try {
    decoded = decodeProtectedHeader(jws);
  } catch (error) {
    throw malformed(error);
  }
  const parsed = header.safeParse(decoded);
  if (!parsed.success) throw malformed();
  return parsed.data.kid;
}

async function verify(jws: string, key: SshPublicKey): Promise<Uint8Array> {
  const { point } = readKeyParts(key.blob);
  const publicKey = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: toBase64Url(point) }, 'EdDSA');
  try {
    return (await compactVerify(jws, publicKey, { algorithms: ['EdDSA'] })).payload;
  } catch (error) {
    throw denied('order-signature', 'unable to verify the signature of an order', undefined, error);
  }
}

/**
 * The claims of an order that one of `keys` (Ed25519) signed for `audience` and that has not expired. An order without `exp`
 * does not expire. Kind `denied`, code `order-malformed|order-key|order-signature|order-audience|order-expired`.
 */
export async function readOrder(
  jws: string,
  question: { readonly keys: readonly SshPublicKey[]; readonly now: Date; readonly audience: string },
): Promise<Record<string, unknown>> {
  const kid = readKid(jws);
  const key = question.keys.find((known) => known.type === 'ssh-ed25519' && sshFingerprint(known) === kid);
  if (key === undefined) {
    throw denied('order-key', 'unable to obey an order signed by an unknown key', "Orders are obeyed from this site's link keys only.");
  }
  const parsed = times.safeParse(jsonOf(textOf(await verify(jws, key)) ?? ''));
  if (!parsed.success) throw malformed();
  const { aud, exp } = parsed.data;
  if (aud !== question.audience) throw denied('order-audience', 'unable to obey an order for another agent');
  if (exp !== undefined && question.now.getTime() >= exp * 1000) {
    throw denied('order-expired', 'unable to obey an order that has expired', "Set this machine's clock when it is wrong.");
  }
  return parsed.data;
}
