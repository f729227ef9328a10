import { constants } from 'node:os';
import { FortFailError, systemClock } from '@fortfail/base';
import { runCommandLine } from './command-line.ts';
import { outputClosed } from './output-closed.ts';

const interruption = new AbortController();
/** A Ctrl-C reaches a program twice where whoever started it passes it on besides the terminal: that is one Ctrl-C. */
const echoMs = 1000;
let interruptedMs = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted && performance.now() - interruptedMs < echoMs) return;
    // The second one means it: whoever waits for a clean end has run out of patience.
    if (interruption.signal.aborted) process.exit(128 + constants.signals[signal]);
    interruptedMs = performance.now();
    interruption.abort(new FortFailError({ kind: 'cancelled', code: 'interrupted', message: `interrupted by ${signal}` }));
  });
}
// `fortfail ls | head`: the reader has what it wanted. The command ends as with Ctrl-C, so that no lock stays.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' && !interruption.signal.aborted) interruption.abort(outputClosed(error));
  });
}
// A full disk under a log is no reason to give up a backup: it is said once, and the work goes on.
process.stdout.once('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.stderr.write(`unable to write standard output: ${error.code ?? error.message}\n`);
});

const code = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  signal: interruption.signal,
});
process.stdout.write('', () => process.exit(code));
