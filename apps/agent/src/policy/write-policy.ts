import { chmod, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { errnoOf, replaceFile } from '../durable-file.ts';
import { hostPolicy } from './host-policy.ts';
import { readPolicy } from './read-policy.ts';

/**
 * Names the owner in the host's policy file, which is made when there is none; everything else in it stays. Answers the
 * file's path. Throws `denied` for a file that this user may not write, `invalid-input` for a key that is none.
 */
export async function setOwner(paths: readonly string[], owner: string, recovery: string | null): Promise<string> {
  const { path: found } = await readPolicy(paths);
  const path = found ?? paths.at(-1) ?? '';
  const before = found === null ? { v: 1 } : (JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>);
  const next = { ...before, owner: owner.trim(), ...(recovery === null ? {} : { recovery }) };
  const parsed = hostPolicy.safeParse(next);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'policy-owner',
      message: `unable to name the owner, ${issue?.path.join('.')}: ${issue?.message}`,
      hint: 'Copy both lines from the page of the recovery kit: `fortfail agent owner set "ssh-ed25519 AAAA..." --recovery age1...`.',
    });
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await replaceFile(path, `${JSON.stringify(next, null, 2)}\n`);
    // Nothing in it is secret, and an agent of another user has to read it.
    await chmod(path, 0o644);
  } catch (cause) {
    if (errnoOf(cause) !== 'EACCES' && errnoOf(cause) !== 'EPERM' && errnoOf(cause) !== 'EROFS') throw cause;
    throw new FortFailError({
      kind: 'denied',
      code: 'policy-not-writable',
      message: `unable to write the policy '${path}'`,
      hint: 'It belongs to root: type it with sudo.',
      cause,
    });
  }
  return path;
}
