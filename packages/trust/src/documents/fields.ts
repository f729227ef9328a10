import { z } from 'zod';
import { invalid } from '../refusal.ts';
import { parseSshPublicKey } from '../ssh/public-key.ts';

/** RFC 3339 in UTC. */
export const instant = z.iso.datetime();
export const siteId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
export const agentId = z.string().regex(/^agt_[0-9a-f]{16}$/);
export const repositoryId = z.string().regex(/^rep_[0-9a-f]{16}$/);
export const ageRecipient = z.string().regex(/^age1[02-9ac-hj-np-z]{58}$/);
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** A name for people, on one line. */
export const label = z.string().regex(/^[^\p{Cc}]{1,128}$/u);

export const sshLine = z
  .string()
  .max(1024)
  .refine((line) => isSshLine(line), 'must be an SSH public key');

function isSshLine(line: string): boolean {
  try {
    parseSshPublicKey(line);
    return true;
  } catch {
    return false;
  }
}

/** Where in a document the first fault lies, for people. */
export function firstFault(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'its form' : `${issue.path.join('.') || 'its form'}: ${issue.message.toLowerCase()}`;
}

/** The text of a document to be signed: its members in the order of the schema. Kind `invalid-input`, naming the first fault. */
export function documentText<T>(what: string, schema: z.ZodType<T>, value: unknown, indent?: number): string {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid(`${what}-malformed`, `unable to write the ${what}, ${firstFault(parsed.error)}`);
  return `${JSON.stringify(parsed.data, null, indent)}${indent === undefined ? '' : '\n'}`;
}
