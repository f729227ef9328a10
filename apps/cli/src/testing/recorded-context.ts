import { Readable } from 'node:stream';
import { FakeClock } from '@fortfail/base/testing';
import type { CommandContext, Environment } from '../command-context.ts';

/** A context that keeps what a command writes. */
export function recordedContext(env: Environment = {}, input = ''): { context: CommandContext; out: () => string; err: () => string } {
  const [out, err]: [string[], string[]] = [[], []];
  const context: CommandContext = {
    env,
    stdin: Readable.from([Buffer.from(input)]),
    stdout: { write: (text) => out.push(String(text)) },
    stderr: { write: (text) => err.push(String(text)) },
    clock: new FakeClock(),
    signal: new AbortController().signal,
  };
  return { context, out: () => out.join(''), err: () => err.join('') };
}
