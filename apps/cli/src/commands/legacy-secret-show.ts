import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { dataFolder } from '../client/data-folder.ts';
import { exitOk } from '../exit.ts';
import type { localOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

/** `legacy secret show`: the registration secret from its file, for whoever may read that; no program hands it out. */
export const perform: Perform<typeof localOptions> = async ({ options, context }) => {
  const path = join(dataFolder(options.data, context.env).path, 'secrets', 'reg');
  const secret = (await read(path)).trim();
  context.stdout.write(options.json ? `${JSON.stringify({ secret })}\n` : `${secret}\n`);
  return exitOk;
};

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') {
      throw new FortFailError({
        kind: 'not-found',
        code: 'no-kept-secret',
        message: `unable to find '${path}'`,
        hint: 'FortFail makes it at its first start, unless ORCH_REG_SECRET gives one: then it is where that came from.',
        cause,
      });
    }
    throw new FortFailError({
      kind: 'denied',
      code: 'kept-secret-unreadable',
      message: `unable to read '${path}'`,
      hint: 'Run this as the user that FortFail runs as.',
      cause,
    });
  }
}
