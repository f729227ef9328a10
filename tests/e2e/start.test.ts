import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { begin, ended, fortfail, freshFolder, jsonLines, must, type Outcome, type Program, restic019, run } from '../support/programs.ts';

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    }),
  );
}

interface Site {
  readonly folder: string;
  readonly data: string;
  readonly source: string;
  readonly port: number;
  readonly args: readonly string[];
}

async function site(): Promise<Site> {
  const folder = freshFolder();
  const [data, source, port] = [join(folder, 'data'), join(folder, 'Source Files'), await freePort()];
  mkdirSync(join(source, 'sub'), { recursive: true });
  for (let index = 0; index < 40; index += 1) writeFileSync(join(source, 'sub', `file-${index}`), `content ${index} `.repeat(500 * index));
  return { folder, data, source, port, args: ['start', '--data', data, '--port', String(port)] };
}

interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<Outcome>;
  /** Resolves when standard output or error has said this. */
  said(pattern: RegExp): Promise<void>;
}

function startUp(args: readonly string[]): Running {
  const child = begin(fortfail, args);
  const end = ended(child);
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await end;
  });
  let text = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: string) => {
      text += part;
      for (const look of waiting) look();
    });
  }
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(text)) resolve();
      };
      waiting.add(look);
      look();
      end.then(() => reject(new Error(`it ended without saying ${pattern}:\n${text}`)), reject);
    });
  return { child, end, said };
}

/** Numbers of the processes that a process started. */
function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setImmediate(resolve));
}

const stringField = expect.any(String) as string;
const numberField = expect.any(Number) as number;

describe('fortfail start --once', () => {
  it('protects, proves, prints exactly what it promises as its last line, and leaves nothing running', async () => {
    const { args, data, source, port } = await site();
    const { stdout } = await must(fortfail, [...args, '--protect', source, '--once', '--json']);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    const point = {
      id: stringField,
      plan: stringField,
      kind: stringField,
      snapshot: stringField,
      grade: 'drilled',
      files: numberField,
      bytes: numberField,
    };
    const drill = {
      restorePoint: stringField,
      outcome: 'passed',
      files: numberField,
      bytes: numberField,
      comparedBytes: numberField,
      rtoSeconds: numberField,
    };
    expect(last).toEqual({
      data,
      url: `http://localhost:${port}`,
      repository: join(data, 'repositories', 'main'),
      passwordFile: stringField,
      restorePoints: [point, point],
      drills: [drill, drill],
      tookSeconds: numberField,
    });
    const points = last.restorePoints as { id: string; kind: string; plan: string; files: number }[];
    expect(points.map(({ kind }) => kind)).toEqual(['files', 'config']);
    expect([points[0]?.files, points[1]?.plan]).toEqual([40, 'fortfail-itself']);
    expect((last.drills as { restorePoint: string }[]).map(({ restorePoint }) => restorePoint)).toEqual(points.map(({ id }) => id));
    expect(existsSync(join(data, 'run', 'orchestrator.sock'))).toBe(false);
    expect(statSync(last.passwordFile as string).mode & 0o777).toBe(0o600);
    expect(statSync(data).mode & 0o777).toBe(0o700);
    // Whoever has repository and password needs nothing of ours.
    if (restic019 === undefined) return;
    const env = {
      RESTIC_REPOSITORY: last.repository as string,
      RESTIC_PASSWORD_FILE: last.passwordFile as string,
      RESTIC_CACHE_DIR: join(data, '..', 'cache'),
    };
    await must(restic019 as Program, ['check', '--read-data'], { env });
    await must(restic019 as Program, ['restore', 'latest', '--path', source, '--target', join(data, '..', 'back')], { env });
    expect(readdirSync(join(data, '..', 'back', source, 'sub'))).toHaveLength(40);
  });

  it('makes a new point of the same plans when it is done again', async () => {
    const { args, data, source } = await site();
    const summaryOf = (outcome: Outcome) => jsonLines(outcome.stdout).at(-1) as { restorePoints: { id: string; plan: string }[] };
    const first = summaryOf(await must(fortfail, [...args, '--protect', source, '--once', '--json']));
    const second = summaryOf(await must(fortfail, [...args, '--protect', source, '--once', '--json']));
    expect(second.restorePoints.map(({ plan }) => plan)).toEqual(first.restorePoints.map(({ plan }) => plan));
    expect(second.restorePoints.map(({ id }) => id)).not.toEqual(first.restorePoints.map(({ id }) => id));
    expect((await run(fortfail, ['audit', 'verify', '--data', data])).stdout).toMatch(/chain main is whole, \d+ records/);
  });

  it('says what is missing and exits 3 when one of several paths is not there', async () => {
    const { args, source, folder } = await site();
    const outcome = await must(fortfail, [...args, '--protect', source, '--protect', join(folder, 'gone'), '--once'], {}, 3);
    expect(outcome.stderr).toContain(`fortfail: '${join(folder, 'gone')}' is left out: it does not exist`);
    expect(outcome.stdout).toContain('every byte and all metadata equal');
  });

  it('protects the folder that its own data lie in, without the data', async () => {
    const { args, folder } = await site();
    const { stdout } = await must(fortfail, [...args, '--protect', folder, '--once', '--json']);
    const { restorePoints } = jsonLines(stdout).at(-1) as { restorePoints: { kind: string; files: number }[] };
    expect(restorePoints.find(({ kind }) => kind === 'files')?.files).toBe(40);
  });
});

describe('what fortfail start refuses', () => {
  it('is one sentence, and nothing has been written', async () => {
    const { args, data, folder, port, source } = await site();
    const none = await run(fortfail, [...args, '--protect', join(folder, 'gone')]);
    expect(none).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Fatal: unable to protect '${join(folder, 'gone')}': it does not exist\nName an existing file or folder with --protect. Nothing was written.\n`,
    });
    expect((await run(fortfail, [...args, '--protct', source])).code).toBe(2);
    expect((await run(fortfail, [...args, '--host', '0.0.0.0'])).code).toBe(2);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await run(fortfail, [...args, '--protect', source])).toMatchObject({
      code: 21,
      stderr: `Fatal: unable to listen on port ${port}, another program has it\nChoose another with --port or PORT.\n`,
    });
    await new Promise((resolve) => server.close(resolve));
    expect(existsSync(data)).toBe(false);
  });
});

describe('fortfail start', () => {
  it('stays up, answers, brings killed parts back, refuses a second one, and ends cleanly on Ctrl-C', async () => {
    const { args, data, source } = await site();
    const local = async (...words: string[]): Promise<string> => (await must(fortfail, [...words, '--data', data])).stdout;
    const up = startUp([...args, '--protect', source]);
    await up.said(/FortFail is up/);
    expect(await local('login-link')).toMatch(/^http:\/\/localhost:\d+\/sign-in#link=\S{20,}\n$/);
    expect(await local('status')).toContain('fortfail-itself');
    expect(JSON.parse(await local('point', 'list', '--json'))).toHaveLength(2);
    expect(await local('audit', 'verify')).toMatch(/^database: chain main is whole/);
    const second = await run(fortfail, args);
    expect([second.code, second.stderr]).toEqual([
      21,
      `Fatal: unable to use data folder '${data}', another FortFail works in it\nSee \`fortfail status\`, stop the other one, or name another folder with --data.\n`,
    ]);

    const [orchestrator = 0, agent = 0] = childrenOf(up.child.pid);
    process.kill(agent, 'SIGKILL');
    await up.said(/agent is back/);
    process.kill(orchestrator, 'SIGKILL');
    await up.said(/orchestrator is back/);
    const drilled = await must(fortfail, ['drill', 'start', 'fortfail-itself', '--wait', '--json', '--data', data]);
    expect(JSON.parse(drilled.stdout)).toMatchObject({ outcome: 'passed' });

    const parts = childrenOf(up.child.pid);
    up.child.kill('SIGINT');
    // The terminal's Ctrl-C comes twice when npm passes it on.
    up.child.kill('SIGINT');
    expect(await up.end).toMatchObject({ code: 0, stderr: expect.stringMatching(/fortfail: stopping\n$/) });
    expect(parts.filter(isAlive)).toEqual([]);
  });

  it('picks up where it was: the next start needs no path, makes no new point, and shows the old ones', async () => {
    const { args, data, source } = await site();
    await must(fortfail, [...args, '--protect', source, '--once']);
    const up = startUp(args);
    await up.said(/FortFail is up/);
    const jobs = JSON.parse((await must(fortfail, ['job', 'list', '--json', '--data', data])).stdout) as { kind: string; status: string }[];
    expect(jobs.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
      'backup succeeded',
      'backup succeeded',
      'drill succeeded',
      'drill succeeded',
      'initialise succeeded',
    ]);
    up.child.kill('SIGINT');
    expect((await up.end).stdout).toContain('every byte and all metadata equal');
  });

  it('leaves no part behind when it is killed itself, and the next start goes on', async () => {
    const { args, source } = await site();
    const up = startUp([...args, '--protect', source]);
    await up.said(/backup succeeded/);
    const parts = childrenOf(up.child.pid);
    expect(parts).toHaveLength(2);
    up.child.kill('SIGKILL');
    await up.end;
    await until(() => !parts.some(isAlive));
    const { stdout } = await must(fortfail, [...args, '--once', '--json']);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ drills: [{ outcome: 'passed' }, { outcome: 'passed' }] });
  });
});
