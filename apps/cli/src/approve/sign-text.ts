import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import type { CommandContext } from '../command-context.ts';

const usual = ['id_ed25519', 'id_ed25519_sk', 'id_ecdsa'];

/** The key file to sign with: the named one, else the first usual one of whoever types. Throws `not-found`. */
export async function signingKeyFile(named: string | undefined, { env }: CommandContext): Promise<string> {
  const files = named === undefined ? usual.map((name) => join(env.HOME ?? '', '.ssh', name)) : [named];
  for (const file of files) {
    const isThere = await readFile(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-signing-key',
    message: named === undefined ? 'unable to find an SSH key to sign with' : `unable to read the SSH key '${named}'`,
    hint: 'Name one with --key: a private key, or the public one of a key that ssh-agent or a token holds.',
  });
}

/**
 * Signs exact bytes by `ssh-keygen -Y sign`: keys with a passphrase, in ssh-agent and on tokens work, and the key never enters
 * this process. Throws `unavailable` without ssh-keygen, `denied` when it does not sign.
 */
export async function signText(text: string, namespace: string, keyFile: string, signal: AbortSignal): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fortfail-sign-'));
  try {
    const path = join(folder, 'text');
    await writeFile(path, text, { mode: 0o600 });
    await run(['-Y', 'sign', '-f', keyFile, '-n', namespace, path], signal);
    return await readFile(`${path}.sig`, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // It asks for passphrases on the terminal itself.
    const child = spawn('ssh-keygen', args, { stdio: ['inherit', 'ignore', 'pipe'], signal });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      words = `${words}${part}`.slice(-2000);
    });
    child.on('error', (cause) =>
      reject(
        signal.aborted
          ? signal.reason
          : new FortFailError({
              kind: 'unavailable',
              code: 'no-ssh-keygen',
              message: 'unable to sign, ssh-keygen cannot be started',
              hint: 'Install the OpenSSH client.',
              cause,
            }),
      ),
    );
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const said = words.trim().split('\n').at(-1) ?? '';
      reject(new FortFailError({ kind: 'denied', code: 'not-signed', message: `unable to sign, ssh-keygen said: ${said}` }));
    });
  });
}
