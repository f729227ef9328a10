import { z } from 'zod';
import { bytesOf, fromBase64Url, jsonOf, textOf, toBase64Url } from '../encoding.ts';
import { invalid } from '../refusal.ts';
import { checkCharacters } from '../secrets/check-characters.ts';

const prefix = 'ffjoin1';
const longest = 8192;

const joinFields = z.strictObject({
  /** Address of the site. */
  u: z
    .string()
    .max(2048)
    .refine((text) => isSiteAddress(text), 'must be an http or https address without a user'),
  /** What its TLS certificate is held against: the site's own CA, or the machine's. */
  c: z.union([z.literal('system'), z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/)]),
  /** Owner's SSH fingerprint, when there is a recovery kit. */
  o: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}$/)
    .optional(),
  /** Recovery recipient, likewise. */
  r: z
    .string()
    .regex(/^age1[0-9a-z]{58}$/)
    .optional(),
  /** The secret: one use. */
  t: z.string().regex(/^[A-Za-z0-9_-]{20,200}$/),
  /** Expiry in seconds since 1970. */
  x: z.int().positive(),
});

function isSiteAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '' && url.hash === '';
}

/** What a host needs to enrol: address, CA, owner, and a token that is used once. A secret. */
export type JoinFields = z.infer<typeof joinFields>;

const malformed = () =>
  invalid(
    'join-malformed',
    'unable to read a join string',
    'Copy the whole line that `fortfail expose` or the console shows; it begins with ffjoin1.',
  );

/** One line, for a clipboard or a QR code. Kind `invalid-input` for fields that no host would accept. */
export function encodeJoinString(fields: JoinFields): string {
  const parsed = joinFields.safeParse(fields);
  if (!parsed.success) throw invalid('join-fields', `unable to make a join string: ${parsed.error.issues[0]?.path.join('.') ?? ''}`);
  const { u, c, o, r, t, x } = parsed.data;
  const body = prefix + toBase64Url(bytesOf(JSON.stringify({ v: 1, u, c, o, r, t, x })));
  return `${body}.${checkCharacters(body)}`;
}

/**
 * Reads a join string; white space in it is ignored, as terminals wrap lines. Kind `invalid-input`, code `join-typing` for a
 * typing error, `join-version` for one of a newer product, `join-malformed` otherwise. Expiry is for the caller to judge.
 */
export function decodeJoinString(text: string): JoinFields {
  if (text.length > longest) throw malformed();
  const [, body = '', check] = /^(ffjoin1[A-Za-z0-9_-]+)\.([0-9a-f]{6})$/.exec(text.replaceAll(/\s+/g, '')) ?? [];
  if (check === undefined) throw malformed();
  if (checkCharacters(body) !== check) {
    throw invalid('join-typing', 'unable to read a join string with a typing error in it', 'Copy it again as a whole.');
  }
  const bytes = fromBase64Url(body.slice(prefix.length));
  const versioned = z.looseObject({ v: z.int() }).safeParse(jsonOf(bytes === undefined ? '' : (textOf(bytes) ?? '')));
  if (!versioned.success) throw malformed();
  const { v, ...rest } = versioned.data;
  if (v !== 1)
    throw invalid('join-version', `unable to read a join string of version ${v}`, 'Install the version of FortFail that the site has.');
  const parsed = joinFields.safeParse(rest);
  if (!parsed.success) throw malformed();
  return parsed.data;
}
