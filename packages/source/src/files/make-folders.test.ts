import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { makeFolders } from './make-folders.ts';

it('makes what is missing, as often as it is asked', () => {
  const folder = Buffer.from(`${temporaryFolder()}/a/b\xff/c/`, 'latin1');
  makeFolders(folder);
  makeFolders(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

it('refuses a file in the way, at once', () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/file`, '');
  mkdirSync(`${folder}/there`);
  expect(() => makeFolders(Buffer.from(`${folder}/file`))).toThrow('EEXIST');
  expect(() => makeFolders(Buffer.from(`${folder}/file/below`))).toThrow('ENOTDIR');
});

it.skipIf(process.platform !== 'linux')('ends where a file system makes no folders', () => {
  expect(() => makeFolders(Buffer.from('/proc/fortfail/x'))).toThrow('ENOENT');
});
