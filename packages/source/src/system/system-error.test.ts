import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { describe, expect, it } from 'vitest';
import { readXattrs } from '../files/metadata.ts';
import { runAsNobody } from '../testing/index.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { nativeFunction, nulEnded } from './library.ts';
import { renameExclusive } from './rename.ts';
import { fileError, isMissing, SystemCallError, systemErrorCode } from './system-error.ts';
import { getXattr, listXattrs, removeXattr, setXattr } from './xattrs.ts';

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('system errors', () => {
  it('have the kind, the code and the words of what happened', () => {
    const path = Buffer.from('/x/\xff', 'latin1');
    expect(fileError(new SystemCallError('open', 13), 'open file', path)).toMatchObject({
      kind: 'denied',
      code: 'permission',
      message: "unable to open file '/x/\\xff': permission denied",
    });
    expect(fileError(new SystemCallError('write', 28), 'write', path).kind).toBe('no-space');
    expect(fileError(new Error('broken'), 'write', path)).toMatchObject({ kind: 'bug', message: "unable to write '/x/\\xff': broken" });
    const own = new FortFailError({ kind: 'conflict', code: 'x', message: 'y' });
    expect(fileError(own, 'write', path)).toBe(own);
  });

  it('come from native calls as from node:fs', () => {
    const missing = caught(() => listXattrs(Buffer.from('/does/not/exist')));
    expect(systemErrorCode(missing)).toBe('ENOENT');
    expect(isMissing(missing)).toBe(true);
    expect(systemErrorCode(caught(() => listXattrs(Buffer.from(`/${'x'.repeat(5000)}`))))).toBe('ENAMETOOLONG');
    expect(systemErrorCode('EACCES')).toBeUndefined();
  });

  it('are told when an ordinary user may not make a device or an attribute of root', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    const code = `
      import { setXattr } from '@fortfail/source';
      import { makeDevice } from './src/system/special-files.ts';
      import { writeFileSync } from 'node:fs';
      const path = ${JSON.stringify(`${folder}/x`)};
      writeFileSync(path, '');
      const codes = [];
      for (const act of [() => setXattr(Buffer.from(path), 'trusted.x', Buffer.from('1')), () => makeDevice(Buffer.from(path + 'd'), 'dev', 1n)]) {
        try { act(); codes.push('done'); } catch (error) { codes.push(error.code); }
      }
      console.log(JSON.stringify(codes));`;
    expect(runAsNobody(code)).toEqual(['EPERM', 'EPERM']);
  });
});

describe('extended attributes', () => {
  it('are kept for names that are no UTF-8, empty values, and through descriptors', () => {
    const path = Buffer.concat([Buffer.from(`${temporaryFolder()}/`), Buffer.from([0xff, 0xfe])]);
    writeFileSync(path, '');
    setXattr(path, 'user.ä', Buffer.alloc(0));
    setXattr(path, 'user.b', Buffer.from([1, 0, 2]));
    expect(listXattrs(path)).toEqual(['user.ä', 'user.b']);
    expect(getXattr(path, 'user.ä')).toEqual(Buffer.alloc(0));
    removeXattr(path, 'user.ä');
    removeXattr(path, 'user.ä');
    expect(getXattr(path, 'user.ä')).toBeUndefined();
    expect(getXattr(path, 'user.b')).toEqual(Buffer.from([1, 0, 2]));
  });

  it('are refused under a name with a NUL, and named when their own name is no UTF-8', () => {
    const path = Buffer.from(`${temporaryFolder()}/file`);
    writeFileSync(path, '');
    expect(() => setXattr(path, 'user.a\0b', Buffer.from('1'))).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    const setRaw = nativeFunction('int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)');
    setRaw(nulEnded(path), nulEnded(Buffer.from('user.\xff', 'latin1'), 1), Buffer.from('1'), 1, 0);
    const failures: unknown[] = [];
    expect(readXattrs(path, ({ error }) => failures.push(error))).toEqual([]);
    expect(failures).toEqual([expect.objectContaining({ kind: 'invalid-input', code: 'attribute-name' })]);
  });
});

describe('renameExclusive', () => {
  it('never replaces, not even an empty folder', () => {
    const folder = temporaryFolder();
    for (const name of ['a', 'b']) mkdirSync(`${folder}/${name}`);
    expect(systemErrorCode(caught(() => renameExclusive(Buffer.from(`${folder}/a`), Buffer.from(`${folder}/b`))))).toBe('EEXIST');
    renameExclusive(Buffer.from(`${folder}/a`), Buffer.from(`${folder}/c`));
  });
});
