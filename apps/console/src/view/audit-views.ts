import type { AuditRecord, AuditVerification, AuditWitness } from '@fortfail/protocol';
import { count, counted } from '../format/quantity.ts';
import type { Tone } from '../ui/tone.ts';
import type { ObjectReference } from './object-address.ts';

/** A record's body as it is shown. Whatever is not as expected is empty: what was recorded can always be read in full. */
export interface RecordFacts {
  readonly at: string | undefined;
  readonly action: string;
  readonly actor: { readonly id: string; readonly kind: string; readonly via: string };
  readonly object: ObjectReference | undefined;
  readonly outcome: string;
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const parsed = (body: string): Fields => {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return {};
  }
};

/** Who did what to what, and how it ended. */
export const recordFacts = ({ body }: Pick<AuditRecord, 'body'>): RecordFacts => {
  const fields = parsed(body);
  const actor = fieldsOf(fields.actor);
  const object = fieldsOf(fields.object);
  const at = textOf(fields.at);
  return {
    at: Number.isNaN(Date.parse(at)) ? undefined : at,
    action: textOf(fields.action),
    actor: { id: textOf(actor.id), kind: textOf(actor.kind), via: textOf(actor.via) },
    object: textOf(object.kind) === '' ? undefined : { kind: textOf(object.kind), id: textOf(object.id) },
    outcome: textOf(fields.outcome),
  };
};

/** The body with line breaks, for people; the text that was hashed where it is no JSON. */
export const prettyBody = (body: string): string => {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
};

/** `9f2c…41d0`. */
export const shortHash = (hash: string): string => (hash.length > 12 ? `${hash.slice(0, 4)}…${hash.slice(-4)}` : hash);

/** What the hash of a record is taken over. */
export const hashedText = ({ seq, prev, body }: Pick<AuditRecord, 'seq' | 'prev' | 'body'>): string => `ffaudit1\n${seq}\n${prev}\n${body}`;

/** Whether neighbours among the listed records, newest first, carry each other's hash; those that are not neighbours tell nothing. */
export const brokenLink = (records: readonly AuditRecord[]): number | undefined => {
  for (const [index, record] of records.entries()) {
    const before = records[index + 1];
    if (before !== undefined && before.seq === record.seq - 1 && before.hash !== record.prev) return record.seq;
  }
  return undefined;
};

/** The answer of the page, before and after somebody had everything checked. */
export const auditTitle = (
  known: number | undefined,
  checked: AuditVerification | undefined,
  witnesses: readonly AuditWitness[] | undefined,
): string => {
  const against = witnesses?.find(({ verdict }) => verdict === 'differs' || verdict === 'ahead');
  if (checked && !checked.whole) return `The chain is broken at record ${checked.brokenAt === null ? 'unknown' : count(checked.brokenAt)}`;
  if (against) return `${against.hostname} holds another history than this site`;
  if (checked) return `The chain is whole: ${counted(checked.records, 'record')}`;
  return known === undefined ? 'Audit' : `${counted(known, 'record is', 'records are')} in the chain`;
};

export const witnessTone: Readonly<Record<AuditWitness['verdict'], Tone>> = {
  agrees: 'safe',
  behind: 'safe',
  differs: 'lost',
  ahead: 'lost',
  silent: 'unknown',
};
export const witnessWord: Readonly<Record<AuditWitness['verdict'], string>> = {
  agrees: 'Agrees',
  behind: 'Agrees, behind',
  differs: 'Differs',
  ahead: 'Knows more',
  silent: 'Silent',
};

/** A moment as the filter takes it, from what a date field gives; undefined for none. */
export const filterMoment = (text: string | null): string | undefined =>
  text !== null && /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text) ? text : undefined;
