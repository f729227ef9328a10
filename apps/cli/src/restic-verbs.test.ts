import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository } from './testing/make-repository.ts';
import { cliMain, fortfail, freshFolder, type Outcome, type RunOptions } from './testing/run-cli.ts';

interface Place {
  readonly folder: string;
  readonly repository: string;
  does(line: string, options?: RunOptions): Promise<Outcome>;
}

/** A folder with a small source and a repository, and the command line to work on it. */
async function place(): Promise<Place> {
  const folder = freshFolder();
  const repository = join(folder, 'repository');
  mkdirSync(join(folder, 'src', 'sub'), { recursive: true });
  writeFileSync(join(folder, 'src', 'file'), 'content');
  writeFileSync(join(folder, 'src', 'sub', 'more'), 'more');
  const env = { RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'secret', TZ: 'UTC' };
  const does = (line: string, options: RunOptions = {}): Promise<Outcome> =>
    fortfail(
      line.split(' ').filter((word) => word !== ''),
      { cwd: folder, ...options, env: { ...env, ...options.env } },
    );
  await makeRepository(repository, 'secret');
  return { folder, repository, does };
}

describe("failures of restic's verbs", { timeout: 300_000 }, () => {
  it('are one sentence and a hint on standard error, and nothing on standard output', async () => {
    const { folder, repository, does } = await place();
    const cases: readonly (readonly [string, number, string, RunOptions?])[] = [
      ['snapshots --frob', 1, "Fatal: unknown option '--frob'\nRun `fortfail snapshots --help`.\n"],
      [
        'init',
        1,
        `Fatal: unable to make repository in '${repository}', there is one already\nChoose another place, or open the repository that is there.\n`,
      ],
      ['backup', 1, 'Fatal: nothing to backup, please specify source files/dirs\nName at least one file or folder.\n'],
      ['restore latest', 1, 'Fatal: please specify a directory to restore to (--target)\nFor example --target /tmp/restored.\n'],
      ['restore', 1, "Fatal: no snapshot ID specified\nGive a snapshot ID, or 'latest'.\n"],
      ['cat', 1, 'Fatal: type not specified\nGive one of config, index, snapshot, key, masterkey, lock, pack, blob, tree.\n'],
      [
        'forget --keep-last 1 --prune',
        1,
        'Fatal: unable to forget with --prune, removing unused data is not built yet\nNothing was removed. Forget without --prune; the snapshots go into the trash and the data stays.\n',
      ],
      [
        'snapshots -p nofile',
        1,
        "Fatal: unable to read password file 'nofile': ENOENT\nName an existing file with --password-file or RESTIC_PASSWORD_FILE.\n",
      ],
      ['snapshots --pack-size 1000', 1, "Fatal: invalid pack size '1000'\nGive a whole number of MiB from 4 to 128.\n"],
      [
        '-r s3:bucket snapshots',
        1,
        "Fatal: invalid location 's3:bucket'\n's3:' is not supported yet. Give a folder; one whose name has a colon as './s3:bucket'.\n",
      ],
      [
        '-r nowhere snapshots',
        10,
        "Fatal: repository does not exist: unable to open config file of 'nowhere'\nIs there a repository at the following location?\nnowhere\n",
      ],
      [
        'snapshots',
        12,
        'Fatal: unable to open repository, wrong password or no key found\nCheck the password, or name the key with --key-hint when the repository has more than 20.\n',
        { env: { RESTIC_PASSWORD: 'x' } },
      ],
      [
        'snapshots',
        1,
        'Fatal: please specify repository location\nName it with --repo, --repository-file or RESTIC_REPOSITORY.\n',
        { env: { RESTIC_REPOSITORY: '' } },
      ],
    ];
    for (const [line, code, stderr, options] of cases) {
      expect(await does(line, { cwd: folder, ...options }), line).toEqual({ code, stdout: '', stderr });
    }
    expect(readdirSync(join(repository, 'snapshots'))).toEqual([]);
  });

  it('leave no lock behind when nobody reads their output any more', async () => {
    const { does, folder, repository } = await place();
    for (const verb of ['backup -vv src --force', 'restore latest:/src --target out -vv', 'ls latest']) {
      await does('backup src');
      const child = spawn(process.execPath, [cliMain, '-r', repository, ...verb.split(' ')], {
        cwd: folder,
        env: { ...process.env, RESTIC_PASSWORD: 'secret' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child.stdout.destroy();
      await once(child, 'close');
      expect([verb, readdirSync(join(repository, 'locks'))]).toEqual([verb, []]);
    }
  });

  it('leave an unasked password to the person: nobody is asked for a repository that is not there', async () => {
    const { does } = await place();
    const outcome = await does('-r nowhere snapshots', { env: { RESTIC_PASSWORD: '' } });
    expect([outcome.code, outcome.stderr]).toEqual([10, expect.not.stringContaining('enter password')]);
  });
});

describe('a backup', { timeout: 300_000 }, () => {
  it('warns, says what is missing, and exits 3 when one of several paths is not there', async () => {
    const { does, repository } = await place();
    const outcome = await does('backup src absent');
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toBe(
      "error: unable to read target 'absent': it does not exist\nWarning: at least one source file could not be read\nEverything else is in the snapshot; the lines above name what is not.\n",
    );
    expect(readdirSync(join(repository, 'snapshots'))).toHaveLength(1);
  });

  it('takes what to back up from files, patterns and verbatim names alike', async () => {
    const { does, folder } = await place();
    writeFileSync(join(folder, 'patterns'), '# a comment\n\n  sr*\nnothing*\n');
    writeFileSync(join(folder, 'names'), 'names\n');
    writeFileSync(join(folder, 'raw'), 'raw\0');
    const outcome = await does('backup --files-from patterns --files-from-verbatim names --files-from-raw raw');
    expect([outcome.code, outcome.stderr]).toEqual([0, 'pattern "nothing*" does not match any files, skipping\n']);
    expect((await does('ls latest -q')).stdout).toBe('/names\n/raw\n/src\n/src/file\n/src/sub\n/src/sub/more\n');
  });

  it('leaves out what is excluded on the command line and in a file with variables', async () => {
    const { does, folder } = await place();
    writeFileSync(join(folder, 'excludes'), '# rules\n$WHAT\n');
    expect((await does('backup src --exclude-file excludes -e file', { env: { WHAT: 'more' } })).code).toBe(0);
    expect((await does('ls latest -q')).stdout).toBe('/src\n/src/sub\n');
  });

  it('stores standard input and the output of a command, but nothing of a command that fails', async () => {
    const { does, repository } = await place();
    expect((await does('backup --stdin --stdin-filename dump', { input: 'streamed' })).code).toBe(0);
    expect((await does('backup --stdin-from-command --stdin-filename out -- echo printed')).code).toBe(0);
    const failed = await does('backup --stdin-from-command -- sh -c false');
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("unable to back up command 'sh': it ended with exit code 1")]);
    expect(readdirSync(join(repository, 'snapshots'))).toHaveLength(2);
  });

  it('keeps quiet when asked to, and names every file when asked twice', async () => {
    const { does } = await place();
    expect(await does('backup -q src')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await does('backup -vv src')).stdout).toMatch(/^unchanged \/src\/file$/m);
    expect((await does('backup --dry-run src')).stdout).toContain('Would add to the repository: 0 B ');
    expect((await does('backup --skip-if-unchanged src')).stdout).toContain('skipped creating snapshot');
  });
});

describe('a new repository', { timeout: 300_000 }, () => {
  it('may cut files as another one does', async () => {
    const { does, folder } = await place();
    const copy = '-r copy init --copy-chunker-params --from-repo repository';
    expect((await does(copy, { env: { RESTIC_FROM_PASSWORD: 'wrong' } })).code).toBe(12);
    expect(existsSync(join(folder, 'copy'))).toBe(false);
    expect((await does(copy, { env: { RESTIC_FROM_PASSWORD: 'secret' } })).code).toBe(0);
    const polynomial = async (name: string): Promise<unknown> =>
      (JSON.parse((await does(`-r ${name} cat config`)).stdout) as Record<string, unknown>).chunker_polynomial;
    expect(await polynomial('copy')).toBe(await polynomial('repository'));
    expect((await does('-r other init --from-repo repository')).stderr).toContain('without --copy-chunker-params');
    expect((await does('-r other init --copy-chunker-params')).stderr).toContain('needs a repository to copy from');
  });
});

describe('keys', { timeout: 300_000 }, () => {
  it('are added, changed and removed; never the one in use', async () => {
    const { does, folder, repository } = await place();
    writeFileSync(join(folder, 'second'), 'second\n');
    writeFileSync(join(folder, 'third'), 'third\n');
    const added = await does('key add --new-password-file second --user ann --host desk');
    const [, id = ''] = /^saved new key with ID ([0-9a-f]{64})\n$/.exec(added.stdout) ?? [];
    expect(id).not.toBe('');
    const second = { env: { RESTIC_PASSWORD: '', RESTIC_PASSWORD_FILE: 'second' } };
    expect(await does(`key remove ${id}`, second)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Fatal: unable to remove key '${id.slice(0, 8)}', it is the one in use\nOpen the repository with another password first.\n`,
    });
    expect((await does('key remove 0000', second)).stderr).toBe("Fatal: unable to find key '0000'\n");
    expect((await does('key passwd --new-password-file third', second)).stdout).toMatch(/^saved new key as [0-9a-f]{64}\n$/);
    expect((await does('snapshots', second)).code).toBe(12);
    expect((await does('snapshots', { env: { RESTIC_PASSWORD: '', RESTIC_PASSWORD_COMMAND: 'cat third' } })).code).toBe(0);
    const [third] = (
      JSON.parse((await does('key list --json', { env: { RESTIC_PASSWORD: 'third' } })).stdout) as { id: string; current: boolean }[]
    ).filter(({ current }) => current);
    expect((await does(`key remove ${third?.id.slice(0, 10)}`)).stdout).toBe(`removed key ${third?.id}\n`);
    expect(readdirSync(join(repository, 'keys'))).toHaveLength(1);
    expect((await does('key add --new-insecure-no-password')).code).toBe(0);
    expect((await does('snapshots --insecure-no-password', { env: { RESTIC_PASSWORD: '' } })).code).toBe(0);
  });
});

describe('forget, restore and check', { timeout: 300_000 }, () => {
  it('forgets into the trash, by policy and by name', async () => {
    const { does, repository } = await place();
    for (const _ of [1, 2, 3]) expect(await does('backup -q src')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect((await does('forget --keep-last 2')).stdout).toContain('1 / 1 snapshots moved into the trash');
    expect((await does('forget latest abcdef')).stderr).toBe('Ignoring "abcdef": unable to find snapshot \'abcdef\'\n');
    expect(readdirSync(join(repository, 'snapshots'))).toHaveLength(1);
    expect(readdirSync(join(repository, 'fortfail', 'trash'))).toHaveLength(2);
    const refused = await does('forget --keep-tag none');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('the policy keeps nothing of')]);
    expect((await does('forget')).stderr).toContain('no policy was given');
    expect(readdirSync(join(repository, 'snapshots'))).toHaveLength(1);
  });

  it('restores a part, and refuses what makes no sense before it opens anything', async () => {
    const { does, folder } = await place();
    await does('backup src');
    expect((await does('restore latest:/src --target part --include more')).code).toBe(0);
    expect(readFileSync(join(folder, 'part', 'sub', 'more'), 'utf8')).toBe('more');
    expect(existsSync(join(folder, 'part', 'file'))).toBe(false);
    expect((await does('restore latest --target part -i a -e b')).stderr).toContain('mutually exclusive');
    expect((await does('restore latest --target / --delete')).stderr).toContain('must be combined with an include filter');
    const never = await does('restore latest:/src --target part --overwrite never');
    expect([never.code, readFileSync(join(folder, 'part', 'file'), 'utf8')]).toEqual([0, 'content']);
  });

  it('exits 3 when only owners could not be set, and 1 when a file could not be written', async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip('needs root to become another user');
    const { does, folder, repository } = await place();
    await does('backup src');
    const nobody = 65_534;
    for (const path of [folder, repository, ...readdirSync(repository, { recursive: true }).map((name) => join(repository, String(name)))])
      chownSync(path, nobody, nobody);
    const partial = await does('restore latest:/src --target mine', { uid: nobody });
    expect([partial.code, readFileSync(join(folder, 'mine', 'file'), 'utf8')]).toEqual([3, 'content']);
    expect(partial.stderr).toContain(`unable to set the owner of '${join(folder, 'mine', 'file')}': operation not permitted`);
    mkdirSync(join(folder, 'closed', 'sub'), { recursive: true });
    const failed = await does('restore latest:/src --target closed', { uid: nobody });
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('permission denied')]);
  });

  it('checks whole, in part, and says what it found', async () => {
    const { does } = await place();
    await does('backup src');
    for (const how of ['', '--read-data', '--read-data-subset 1/3', '--read-data-subset 50%', '--read-data-subset 10M']) {
      const outcome = await does(`check ${how}`);
      expect([how, outcome.code, outcome.stderr, outcome.stdout.includes('no errors were found')]).toEqual([how, 0, '', true]);
    }
    expect((await does('check --read-data --read-data-subset 1/2')).stderr).toContain('must not be used together');
    expect((await does('check --read-data-subset 3/2')).stderr).toContain("invalid subset '3/2'");
  });
});
