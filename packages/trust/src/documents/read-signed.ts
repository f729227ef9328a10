import type { z } from 'zod';
import { jsonOf } from '../encoding.ts';
import { denied } from '../refusal.ts';
import type { Namespace } from '../ssh/namespaces.ts';
import type { SshPublicKey } from '../ssh/public-key.ts';
import { verifySshSignature } from '../ssh/signature.ts';
import { firstFault } from './fields.ts';

/** A text and the armoured signature over exactly its UTF-8 bytes. */
export interface SignedText {
  readonly text: string;
  readonly signature: string;
}

const longest = 1 << 20;

/** A document's JSON by its schema. Kind `denied`, code `<what>-malformed`. */
export function parseDocument<T>(what: string, schema: z.ZodType<T>, text: string): T {
  const value = text.length > longest ? undefined : jsonOf(text);
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw denied(`${what}-malformed`, `unable to read the ${what}, ${firstFault(parsed.error)}`);
  return parsed.data;
}

/** Verifies first and reads then, so that nothing unsigned is ever taken apart. Kind `denied`. */
export function readSigned<T>(
  what: string,
  schema: z.ZodType<T>,
  signed: SignedText,
  by: { readonly namespace: Namespace; readonly keys: readonly SshPublicKey[] },
): { readonly value: T; readonly key: SshPublicKey } {
  // A lone surrogate would be signed as a replacement character: the bytes would not say what the text says.
  if (signed.text.length > longest || !signed.text.isWellFormed()) throw denied(`${what}-malformed`, `unable to read the ${what}`);
  const key = verifySshSignature({ bytes: signed.text, signature: signed.signature, ...by });
  return { value: parseDocument(what, schema, signed.text), key };
}
