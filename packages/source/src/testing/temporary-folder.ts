import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { removeTree } from '../files/remove-tree.ts';

/** A folder for one test, removed with everything in it when the test ends; kept with FORTFAIL_TEST_KEEP=1. */
export function temporaryFolder(parent: string = tmpdir()): string {
  const folder = mkdtempSync(`${parent}/fortfail-source-`);
  onTestFinished(() => {
    if (process.env.FORTFAIL_TEST_KEEP !== '1') removeTree(Buffer.from(folder));
  });
  return folder;
}
