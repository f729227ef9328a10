import { fstatSync } from 'node:fs';
import { asFortFailError, errorKinds, type Logger } from '@fortfail/base';
import { destination } from 'pino';
import { readConfig } from './config.ts';
import { createLogger, redact } from './logger.ts';
import { defaultConsoleFolder, startOrchestrator } from './orchestrator.ts';

/** The orchestrator process: one JSON line on standard output when ready, JSON log lines on standard error. */
async function main(): Promise<void> {
  const config = readConfig(process.env, process.getuid?.() === 0);
  process.umask(0o077);
  const logger = createLogger(config.logLevel, destination({ fd: 2, sync: true }));
  takeOverWarnings(logger);
  const orchestrator = await startOrchestrator(config, logger, defaultConsoleFolder());
  let isStopping = false;
  const stop = (reason: string): void => {
    if (isStopping) return;
    isStopping = true;
    void end(reason).catch(fail);
  };
  const end = async (reason: string): Promise<void> => {
    logger.info({ component: 'orchestrator', reason }, 'stopping');
    await orchestrator.stop();
    logger.info({ component: 'orchestrator' }, 'stopped');
    process.exit(0);
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // A parent that started us through a pipe and died must not leave us behind.
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) {
    process.stdin.on('end', () => stop('parent ended'));
    process.stdin.on('error', () => stop('parent ended'));
    process.stdin.resume();
  }
  logger.info({ component: 'orchestrator', port: orchestrator.port }, 'ready');
  process.stdout.write(
    `${JSON.stringify({ ready: true, url: orchestrator.url, port: orchestrator.port, socket: orchestrator.socketPath, data: config.dataFolder, pid: process.pid })}\n`,
  );
}

/** The runtime's own warnings are log lines, too; that something is experimental is ours to know, not the user's. */
function takeOverWarnings(logger: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    const fields = { component: 'runtime', warning: warning.name, detail: warning.message };
    if (warning.name === 'ExperimentalWarning') logger.debug(fields, 'runtime warning');
    else logger.warn(fields, 'runtime warning');
  });
}

function fail(thrown: unknown): never {
  const error = asFortFailError(thrown);
  const { kind, code, hint } = error;
  const message = redact(error.message);
  process.stderr.write(`${message}${hint === undefined ? '' : `. ${hint}`}\n`);
  if (kind === 'bug') process.stderr.write(`${redact(String(error.cause instanceof Error ? error.cause.stack : error.stack))}\n`);
  process.stdout.write(`${JSON.stringify({ ready: false, error: { kind, code, message, hint } })}\n`);
  process.exit(errorKinds[kind].exit);
}

process.on('uncaughtException', fail);
await main().catch(fail);
