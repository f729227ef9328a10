import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordedContext } from '../testing/recorded-context.ts';
import { freshFolder } from '../testing/run-cli.ts';
import { type PasswordSources, resolvePassword } from './password.ts';

const none: PasswordSources = { insecureNoPassword: false, command: undefined, file: undefined, text: undefined };

async function password(sources: Partial<PasswordSources>, input = ''): Promise<string> {
  return (await resolvePassword({ ...none, ...sources }, recordedContext({ PATH: process.env.PATH }, input).context)).reveal();
}

describe('the password', () => {
  it('is taken from the variable as it stands', async () => {
    expect(await password({ text: '  pass word ' })).toBe('  pass word ');
  });

  it('is trimmed from a file, whose marks are understood', async () => {
    const file = join(freshFolder(), 'password');
    writeFileSync(file, '\ufeff  secret\u00a0\n');
    expect(await password({ file, text: 'other' })).toBe('secret');
    writeFileSync(file, Buffer.from('\ufeffzwölf\n', 'utf16le'));
    expect(await password({ file })).toBe('zwölf');
  });

  it('is trimmed from the output of a command, which runs without a shell', async () => {
    expect(await password({ command: 'printf "%s\\n" "from $HOME"' })).toBe('from $HOME');
  });

  it('is the first line of standard input when nothing else names one', async () => {
    expect(await password({}, 'typed\nmore\n')).toBe('typed');
  });

  it('may be empty only when that was asked for', async () => {
    expect(await password({ insecureNoPassword: true })).toBe('');
    await expect(password({})).rejects.toMatchObject({ kind: 'invalid-input', code: 'empty-password' });
    await expect(password({ insecureNoPassword: true, text: 'x' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('does not repeat what a failing command said', async () => {
    const failure = password({ command: `sh -c 'echo secret; echo secret >&2; exit 7'` });
    await expect(failure).rejects.toMatchObject({ message: "unable to get a password from 'sh': it exited with 7" });
    expect(JSON.stringify(await failure.catch((error: unknown) => error))).not.toContain('secret');
  });

  it('is refused from a missing file and from two places at once', async () => {
    await expect(password({ file: '/nowhere/password' })).rejects.toMatchObject({ code: 'password-file' });
    await expect(password({ file: 'x', command: 'y' })).rejects.toMatchObject({ code: 'usage' });
  });
});
