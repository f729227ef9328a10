import { open, readFile } from 'node:fs/promises';
import { FortFailError } from '@fortfail/base';

/** Writes a file that is not there yet, or is the same already. Throws `conflict` for another one in its place. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o644);
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if ((await readFile(path, 'utf8')) === text) return;
    throw new FortFailError({
      kind: 'conflict',
      code: 'file-exists',
      message: `unable to write '${path}', another file is there`,
      hint: 'Name an empty folder with --out.',
    });
  }
}
