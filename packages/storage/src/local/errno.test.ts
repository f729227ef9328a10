import { FortFailError } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { fromErrno } from './errno.ts';

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

describe('fromErrno', () => {
  it.each([
    ['ENOENT', 'not-found'],
    ['EEXIST', 'conflict'],
    ['EACCES', 'denied'],
    ['EROFS', 'denied'],
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EIO', 'unavailable'],
    ['ESTALE', 'unavailable'],
    ['EWHATEVER', 'bug'],
  ])('gives %s the kind %s', (errno, kind) => {
    expect(fromErrno(systemError(errno), "store pack 'ab'", '/srv').kind).toBe(kind);
  });

  it('says in words what people meet, and the name of the rest', () => {
    expect(fromErrno(systemError('ENOSPC'), "store pack 'ab'", '/srv').message).toBe(
      "unable to store pack 'ab' in '/srv': the disk is full (ENOSPC)",
    );
    expect(fromErrno(systemError('ESTALE'), 'read', '/srv').message).toBe("unable to read in '/srv': ESTALE");
  });

  it('leaves a classified error as it is and calls anything else a bug', () => {
    const known = new FortFailError({ kind: 'damaged', code: 'x', message: 'x' });
    expect(fromErrno(known, 'read', '/')).toBe(known);
    expect(fromErrno(new TypeError('x'), 'read', '/')).toMatchObject({ kind: 'bug', code: 'unclassified' });
  });
});
