import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { errorKinds } from './error-kinds.ts';
import { asFortFailError, FortFailError, fromErrorRecord, isFortFailError, toErrorRecord } from './fortfail-error.ts';
import { Secret } from './secret.ts';

describe('an error', () => {
  it('keeps its kind across a thread or a link', () => {
    const error = new FortFailError({
      kind: 'conflict',
      code: 'fenced',
      message: "unable to publish snapshot 'a'",
      hint: 'Run the backup again.',
    });
    const back = fromErrorRecord(JSON.parse(JSON.stringify(toErrorRecord(error))) as ReturnType<typeof toErrorRecord>);
    expect([back.kind, back.code, back.message, back.hint]).toEqual([error.kind, error.code, error.message, error.hint]);
  });

  it('is a bug when nobody classified it', () => {
    expect(asFortFailError(new TypeError('x is undefined'))).toMatchObject({
      kind: 'bug',
      code: 'unclassified',
      message: 'x is undefined',
    });
    expect(isFortFailError(asFortFailError('text'), 'bug')).toBe(true);
  });

  it('of a kind nobody knows is a bug too', () => {
    const foreign = JSON.parse('{"kind":"toString","code":"x","message":"m"}') as ReturnType<typeof toErrorRecord>;
    expect(fromErrorRecord(foreign).kind).toBe('bug');
  });
});

it('keeps the exit codes that restic users script against', () => {
  expect([errorKinds['repository-missing'].exit, errorKinds['repository-locked'].exit, errorKinds['wrong-password'].exit]).toEqual([
    10, 11, 12,
  ]);
});

it('never prints a secret, whichever way it is turned into text', () => {
  const secret = new Secret('hunter2');
  expect([`${secret}`, JSON.stringify({ secret }), inspect(secret), inspect({ deep: [secret] })].join(' ')).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});
