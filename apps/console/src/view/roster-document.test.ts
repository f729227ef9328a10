import { namespaces, RecoveryKey, type Roster, readRoster, rosterText } from '@fortfail/trust';
import { expect, test } from 'vitest';
import { lastSerial, pastedKeys, rosterDocument } from './roster-document.ts';

const key = RecoveryKey.fromBytes(Uint8Array.from({ length: 32 }, (_, index) => index + 1));
const owner = key.ownerKey();
const state = { site: { id: 'ste_1', name: 'fort-01' }, ca: [`sha256:${'A'.repeat(43)}`], evidence: [owner.publicLine], roster: null };
const now = new Date('2026-11-21T09:00:00.000Z');
const admins = [{ name: 'mara@laptop', key: key.peerKey().publicLine }];

test('the roster is byte for byte what the trust package would write, and holds once it is signed', () => {
  const text = rosterDocument(state, key.recipient, admins, now);
  const read = readRoster({ text, signature: owner.sign(text, namespaces.roster), owner: owner.publicLine, now, site: 'ste_1' });
  expect(text).toBe(rosterText(read));
  expect(read).toMatchObject({ serial: 1, recovery: key.recipient, admins: [{ name: 'mara@laptop' }] } satisfies Partial<
    Record<keyof Roster, unknown>
  >);
});

test('the next roster has the next number', () => {
  expect(lastSerial({ roster: null })).toBe(0);
  const roster = { text: '{"serial":4}', signature: '' };
  expect(lastSerial({ roster })).toBe(4);
  expect(rosterDocument({ ...state, roster }, key.recipient, [], now)).toContain('"serial": 5');
});

test('pasted lines are keys with the name of their comment', () => {
  expect(pastedKeys('\n# mine\nssh-ed25519 AAAA mara on her laptop \n  ssh-ed25519 BBBB\n')).toEqual([
    { line: 'ssh-ed25519 AAAA mara on her laptop', name: 'mara-on-her-laptop' },
    { line: 'ssh-ed25519 BBBB', name: '' },
  ]);
});
