import type { Drill } from '@fortfail/protocol';
import { expect, test } from 'vitest';
import { drillTitle, evidenceName, provenText, signerText, verifyCommand } from './evidence-views.ts';

const drill = {
  planName: 'wiki-pages',
  outcome: 'passed',
  rtoSeconds: 341,
  promisedRtoSeconds: 1200,
  comparedEntries: 14_084,
  comparedBytes: 3_100_000_000,
  bytes: 3_100_000_000,
  differenceCount: 0,
} as unknown as Drill;

test('the title names the promise where it was broken', () => {
  expect(drillTitle(drill)).toBe('wiki-pages came back in 5 m 41 s');
  expect(drillTitle({ ...drill, promisedRtoSeconds: 300 })).toBe('wiki-pages came back in 5 m 41 s, promised in 5 m');
  expect(drillTitle({ ...drill, outcome: 'failed' })).toBe('wiki-pages did not come back as it was');
});

test('what was compared is told as it was, and a sample is not called all', () => {
  expect(provenText(drill)).toMatch(/14,084 entries and every byte were compared, with no difference\.$/);
  expect(provenText({ ...drill, comparedBytes: 1_000_000, outcome: 'failed', differenceCount: 2 })).toBe(
    '14,084 entries and 1 MB of 3.1 GB were compared, with 2 differences.',
  );
});

test('a signed file is verified by one exact command, whatever its signer is called', () => {
  const file = { name: 'evidence-drl_00000000000000c9.json', signer: 'evidence', namespace: 'fortfail-evidence@v1' };
  expect(verifyCommand(file)).toBe(
    'ssh-keygen -Y verify -f allowed_signers -I evidence -n fortfail-evidence@v1 -s evidence-drl_00000000000000c9.json.sig < evidence-drl_00000000000000c9.json',
  );
  expect(verifyCommand({ ...file, signer: "a'; rm -rf ~" })).toContain(`-I 'a'\\''; rm -rf ~'`);
  expect([signerText(file), signerText({ signer: 'agt_1' })]).toEqual(['signed by this site', 'signed by the agent that restored, agt_1']);
});

test('a file is saved only under a name that we know', () => {
  expect(evidenceName('result-drl_00000000000000c9.json')).toBe('result-drl_00000000000000c9.json');
  expect(evidenceName('../.bashrc')).toBe(undefined);
});
