import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeClock } from '@fortfail/base/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freshFolder } from '../testing/run-cli.ts';
import { Part } from './part.ts';

const never = new AbortController().signal;
const steady = `process.stdout.write(JSON.stringify({ ready: true, n: 1 }) + '\\n'); process.stdin.resume(); process.on('SIGTERM', () => process.exit(0));`;

interface Watched {
  readonly part: Part;
  readonly clock: FakeClock;
  readonly notices: string[];
  readonly logs: string[];
  /** Resolves when a notice of that form has been given. */
  noticed(pattern: RegExp): Promise<void>;
}

function watched(code: string): Watched {
  const program = join(freshFolder(), 'part.mjs');
  writeFileSync(program, code);
  const clock = new FakeClock();
  const [notices, logs]: [string[], string[]] = [[], []];
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  const onNotice = (sentence: string): void => {
    notices.push(sentence);
    for (const { pattern, resolve } of waiting) if (pattern.test(sentence)) resolve();
  };
  const part = new Part({ name: 'agent', program, env: { PATH: process.env.PATH }, clock, onLog: (line) => logs.push(line), onNotice });
  onTestFinished(() => part.stop());
  const noticed = (pattern: RegExp): Promise<void> =>
    notices.some((sentence) => pattern.test(sentence)) ? Promise.resolve() : new Promise((resolve) => waiting.push({ pattern, resolve }));
  return { part, clock, notices, logs, noticed };
}

describe('a part', () => {
  it('is started, answers with what it said, and stops when asked', async () => {
    const { part, notices } = watched(`console.error('a log line'); ${steady}`);
    expect(await part.start(never)).toEqual({ ready: true, n: 1 });
    const { pid = 0 } = part;
    await part.stop();
    expect(() => process.kill(pid, 0)).toThrow();
    expect([part.pid, notices]).toEqual([undefined, []]);
  });

  it('is started again when it dies, later and later, and that is said', async () => {
    const { part, clock, notices, noticed } = watched(steady);
    await part.start(never);
    process.kill(part.pid ?? 0, 'SIGKILL');
    await noticed(/in 0.5 s$/);
    await clock.advance(500);
    await noticed(/is back$/);
    process.kill(part.pid ?? 0, 'SIGKILL');
    await noticed(/in 1 s$/);
    expect(notices).toEqual([
      'agent ended (signal SIGKILL), starting it again in 0.5 s',
      'agent is back',
      'agent ended (signal SIGKILL), starting it again in 1 s',
    ]);
  });

  it('is not started again once it was told to stop, not even while it waits for that', async () => {
    const { part, noticed } = watched(steady);
    await part.start(never);
    process.kill(part.pid ?? 0, 'SIGKILL');
    await noticed(/in 0.5 s$/);
    await part.stop();
    expect(part.pid).toBeUndefined();
  });

  it('that fails at its first start is thrown as what it said, and not tried again', async () => {
    const error = { kind: 'conflict', code: 'port-taken', message: 'unable to listen', hint: 'Choose another.' };
    const { part, notices } = watched(`console.log(JSON.stringify({ ready: false, error: ${JSON.stringify(error)} })); process.exit(21);`);
    await expect(part.start(never)).rejects.toMatchObject(error);
    expect(notices).toEqual([]);
  });

  it('that dies without a word is told by how it ended', async () => {
    const { part, logs } = watched(`console.error('why'); process.exit(7);`);
    await expect(part.start(never)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'unable to start the agent: it ended before it was ready (exit code 7)',
    });
    expect(logs).toEqual(['why']);
  });

  it('that does not want to end is killed after some patience', async () => {
    const { part, clock } = watched(steady.replace('process.exit(0)', 'undefined'));
    await part.start(never);
    const stopped = part.stop();
    await clock.advance(20_000);
    await stopped;
    expect(part.pid).toBeUndefined();
  });

  it('gives up its start when that is interrupted', async () => {
    const interruption = new AbortController();
    const { part } = watched(`process.stdin.resume(); process.on('SIGTERM', () => process.exit(0)); console.log('up');`);
    const start = part.start(interruption.signal);
    interruption.abort(new Error('interrupted'));
    await expect(start).rejects.toThrow('interrupted');
    expect(part.pid).toBeUndefined();
  });
});
