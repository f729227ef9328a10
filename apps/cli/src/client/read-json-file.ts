import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FortFailError } from '@fortfail/base';
import type { Environment } from '../command-context.ts';
import { typedIn } from './data-folder.ts';

/** The JSON in a file that a person named. Throws `not-found` and `invalid-input`, naming the file. */
export async function readJsonFile(name: string, env: Environment): Promise<unknown> {
  const path = resolve(typedIn(env), name);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new FortFailError({
      kind: 'not-found',
      code: 'no-such-file',
      message: `unable to read '${path}'`,
      hint: 'Name the file as it was saved.',
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    // Where in it the fault is helps nobody who carried a file.
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'not-json',
      message: `unable to understand '${path}'`,
      hint: 'Carry the whole file.',
    });
  }
}
