import { existsSync, fstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asFortFailError, errorKinds, systemClock, toErrorRecord } from '@fortfail/base';
import { startAgent } from './agent.ts';
import { readConfig } from './config.ts';
import { startFirstApiAgent } from './first-api/first-api-agent.ts';
import { asksForFirstApi, readFirstApiConfig } from './first-api/first-api-config.ts';
import { makeLogger } from './logger.ts';

/**
 * The agent as a process of its own: settings from the environment, one line of JSON on standard output when it is ready,
 * JSON lines on standard error. It ends on SIGTERM, SIGINT, and when its standard input is a pipe that closes, which is how
 * it learns that whoever started it died.
 */

function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { readonly version?: unknown }).version);
}

function asked(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
    if (!isPipe(0)) return;
    process.stdin.on('end', () => resolve('standard input closed'));
    process.stdin.on('error', () => resolve('standard input broke'));
    process.stdin.resume();
  });
}

/** A terminal, a file and /dev/null (under systemd) are not somebody who may die. */
function isPipe(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    // Closed from the start: nobody is there to be heard.
    return false;
  }
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = makeLogger(config.logLevel);
  const stop = asked();
  try {
    // A host that has enrolled with keys of its own never goes back to speaking with tokens.
    if (asksForFirstApi(process.env) && !existsSync(join(config.agentFolder, 'site.json'))) {
      await using agent = await startFirstApiAgent({
        config: readFirstApiConfig(process.env),
        clock: systemClock,
        logger,
        pid: process.pid,
      });
      process.stdout.write(
        `${JSON.stringify({ ready: true, part: 'agent', pid: process.pid, agentId: agent.agentId, data: config.dataFolder })}\n`,
      );
      logger.info({ component: 'first-api', why: await stop }, 'agent stops');
      return;
    }
    await using agent = await startAgent({ config, clock: systemClock, logger, version: productVersion() });
    process.stdout.write(
      `${JSON.stringify({ ready: true, part: 'agent', pid: process.pid, instance: agent.instance, data: config.dataFolder })}\n`,
    );
    logger.info({ component: 'agent', why: await stop }, 'agent stops');
  } catch (err) {
    logger.error({ component: 'agent', err }, 'agent failed');
    throw err;
  }
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  process.stdout.write(`${JSON.stringify({ ready: false, error: toErrorRecord(error) })}\n`);
  process.exitCode = errorKinds[asFortFailError(error).kind].exit;
} finally {
  // Standard input would keep the process alive.
  process.stdin.destroy();
}
