import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FortFailError } from '@fortfail/base';

/**
 * Writes a secret into a file of its own, 0600 from the start and on the disk before this resolves. Throws `conflict` when
 * there is a file already: a key is never written over another.
 */
export async function writeSecretFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(content);
    await file.sync();
    await using folder = await open(dirname(path));
    await folder.sync();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EEXIST') {
      throw new FortFailError({
        kind: 'conflict',
        code: 'file-exists',
        message: `unable to write '${path}', there is a file already`,
        hint: 'Name another one; nothing was made.',
      });
    }
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS' || code === 'EISDIR' || code === 'ENOTDIR') {
      throw new FortFailError({
        kind: 'denied',
        code: 'file-denied',
        message: `unable to write '${path}' (${code}); nothing was made`,
        cause,
      });
    }
    throw cause;
  }
}
