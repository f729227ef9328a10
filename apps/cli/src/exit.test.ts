import { errorKinds } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from './exit.ts';

const kinds = Object.keys(errorKinds) as (keyof typeof errorKinds)[];

describe('the exit table', () => {
  it("answers for restic's verbs with restic's numbers only", () => {
    expect(new Set(kinds.map((kind) => exitCodeOf({ kind, code: 'x' }, 'restic')))).toEqual(new Set([1, 3, 10, 11, 12, 130]));
  });

  it("answers for FortFail's verbs by the kind of the error", () => {
    for (const kind of kinds) expect(exitCodeOf({ kind, code: 'x' }, 'product')).toBe(errorKinds[kind].exit);
  });

  it('answers 1 when no source is left, as a backup does', () => {
    expect(exitCodeOf({ kind: 'invalid-input', code: 'no-source' }, 'product')).toBe(1);
  });
});
