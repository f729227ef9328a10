import { generateSealingKey, openWith, sixWords } from '@fortfail/trust';
import type { Question } from './browse.ts';
import { CallError, call } from './call.ts';

/** Loaded only once a host answers sealed: the pair of keys of this tab, and approvals that name it. */

let tab: Promise<{ readonly identity: string; readonly recipient: string }> | undefined;

/** This tab's key. It is in memory and nowhere else: it ends with the tab. */
export const tabKey = (): Promise<{ readonly identity: string; readonly recipient: string }> => {
  tab ??= generateSealingKey();
  return tab;
};

const isAnswerTo = (question: Question, told: unknown): boolean => {
  const given = told as Partial<Record<'ask' | 'path' | 'text' | 'cursor', unknown>> | null;
  if (typeof given !== 'object' || given === null || given.ask !== question.ask) return false;
  if (question.ask === 'find') return given.text === question.text;
  return given.path === (question.path ?? '/') && (question.ask !== 'list' || given.cursor === (question.cursor ?? null));
};

/** Opens an answer that was sealed to this tab. Throws `CallError` for what cannot be opened or answers another question. */
export const openAnswer = async (age: string, question: Question): Promise<unknown> => {
  const { identity } = await tabKey();
  let opened: { readonly question?: unknown; readonly value?: unknown };
  try {
    opened = JSON.parse(new TextDecoder().decode(await openWith(identity, age))) as typeof opened;
  } catch {
    throw new CallError(0, 'The answer could not be opened: it was changed on its way, or sealed to another tab.');
  }
  if (!isAnswerTo(question, opened.question)) throw new CallError(0, 'The host answered another question than the one that was asked.');
  return opened.value;
};

/** Six words of a digest, as the host shows them. */
export const wordsOf = (digest: string): readonly string[] => sixWords(digest);

const NAMESPACE = 'fortfail-approval@v1';
/** A quarter of an hour is the most a host takes; its clock may be a little behind ours. */
const GOOD_FOR_MS = 14 * 60_000;

interface Roster {
  readonly site: string;
  readonly admins: readonly { readonly name: string; readonly webauthn?: { readonly id: string } }[];
}

const rosterOf = async (): Promise<Roster> => {
  const { roster } = await call('getKit');
  if (roster === null)
    throw new CallError(0, 'This site has no recovery kit yet, so its hosts know no passkey. Make one, or consent on the host itself.');
  return JSON.parse(roster.text) as Roster;
};

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));

/** Signs by a passkey that this tab may look into the restore points of one host. */
export const approveByPasskey = async (agentId: string, now: number) => {
  const [roster, { name: by }] = await Promise.all([rosterOf(), call('me')]);
  const { recipient } = await tabKey();
  const until = now + GOOD_FOR_MS;
  const text = JSON.stringify({
    v: 1,
    site: roster.site,
    action: 'browse',
    hosts: [agentId],
    recipient,
    by,
    made: new Date(now).toISOString(),
    until: new Date(until).toISOString(),
  });
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${NAMESPACE}\0${text}`));
  const allowCredentials = roster.admins.flatMap(({ webauthn }) =>
    webauthn ? [{ type: 'public-key' as const, id: fromBase64Url(webauthn.id) }] : [],
  );
  const credential = await navigator.credentials.get({ publicKey: { challenge, allowCredentials, userVerification: 'required' } });
  if (!(credential instanceof PublicKeyCredential)) throw new DOMException('No passkey was given.', 'NotAllowedError');
  return { approval: { by: 'webauthn' as const, text, assertion: { ...(credential.toJSON() as object) } }, until };
};
