import type { KitState } from '@fortfail/protocol';

/** Somebody who may approve, grant and enrol: by an SSH key of their own. */
export interface AdminKey {
  readonly name: string;
  /** The public key line, without a comment. */
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** A roster ends: renewed with the paper, at least once a year. */
const ROSTER_DAYS = 395;
const rights = ['plan', 'approve', 'grant', 'enrol', 'policy'];

/** The number of the roster in force; 0 before there is one. */
export const lastSerial = ({ roster }: Pick<KitState, 'roster'>): number => {
  if (roster === null) return 0;
  const { serial } = JSON.parse(roster.text) as { readonly serial?: unknown };
  return typeof serial === 'number' ? serial : 0;
};

/** The roster to be signed, in the exact form that `rosterText` of the trust package gives it; that one brings a schema library. */
export const rosterDocument = (
  state: Pick<KitState, 'site' | 'ca' | 'evidence' | 'roster'>,
  recipient: string,
  admins: readonly AdminKey[],
  now: Date,
): string => {
  const until = new Date(now.getTime() + ROSTER_DAYS * DAY_MS).toISOString();
  const roster = {
    v: 1,
    site: state.site.id,
    serial: lastSerial(state) + 1,
    made: now.toISOString(),
    until,
    ca: state.ca,
    evidence: state.evidence,
    admins: admins.map(({ name, key }) => ({ name, key, rights, until })),
    four_eyes: {},
    revoked: [],
    recovery: recipient,
  };
  return `${JSON.stringify(roster, null, 2)}\n`;
};

/** One line of what was pasted: the key itself, and what it is called. */
export interface PastedKey {
  readonly line: string;
  readonly name: string;
}

/** The lines that were pasted, each with the name in its comment. Empty ones and remarks do not count. */
export const pastedKeys = (text: string): PastedKey[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      line,
      name: line
        .split(/\s+/)
        .slice(2)
        .join(' ')
        .replaceAll(/[^A-Za-z0-9._@-]+/g, '-')
        .slice(0, 64),
    }));
