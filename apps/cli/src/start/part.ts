import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Clock, type ErrorRecord, FortFailError, fromErrorRecord } from '@fortfail/base';
import type { Environment } from '../command-context.ts';

/** The programs that `start` runs. They are siblings of this one in a clone and in an installed package alike. */
export const partPrograms = {
  orchestrator: fileURLToPath(new URL('../../../orchestrator/src/main.ts', import.meta.url)),
  agent: fileURLToPath(new URL('../../../agent/src/main.ts', import.meta.url)),
} as const;
export type PartName = keyof typeof partPrograms;

export interface PartOptions {
  readonly name: PartName;
  readonly program: string;
  readonly env: Environment;
  readonly clock: Clock;
  /** One line that the part wrote on its standard error. */
  readonly onLog: (line: string) => void;
  /** Something a person should know: the part ended, or is back. */
  readonly onNotice: (sentence: string) => void;
}

/** What a part says when it is ready. */
export type Ready = Readonly<Record<string, unknown>>;

const firstDelayMs = 500;
const longestDelayMs = 30_000;
/** A part that lived so long has recovered: the next failure waits the first delay again. */
const steadyMs = 60_000;
const patienceMs = 20_000;

/**
 * One child process that is kept alive: started again with growing delays whenever it ends unasked. Its standard input is
 * a pipe of ours, so it stops when we die; it has a process group of its own, so that a Ctrl-C reaches it through us.
 */
export class Part {
  readonly #options: PartOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: PartOptions) {
    this.#options = options;
  }

  /** Process number; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it is ready. A first start that fails is thrown; later ends are cured and said. */
  async start(signal: AbortSignal): Promise<Ready> {
    const life = this.#spawn();
    const abort = (): void => void this.stop();
    signal.addEventListener('abort', abort, { once: true });
    try {
      const ready = await life.ready;
      this.#keeping = this.#keep(life.ended);
      return ready;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Asks it to end and waits for that; kills it when it does not within 20 s. */
  async stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#stopping.abort(new Error('stopping'));
      const child = this.#child;
      child?.kill('SIGTERM');
      const given = new AbortController();
      const killing = this.#options.clock.sleep(patienceMs, given.signal).then(
        () => child?.kill('SIGKILL'),
        () => undefined,
      );
      await this.#ended;
      given.abort();
      await killing;
    }
    await this.#ended;
    await this.#keeping;
  }

  async #keep(firstLife: Promise<string>): Promise<void> {
    const { clock, name, onNotice } = this.#options;
    let ended = firstLife;
    let delayMs = firstDelayMs;
    for (;;) {
      const startedMs = clock.monotonicMs();
      const how = await ended;
      if (this.#stopping.signal.aborted) return;
      if (clock.monotonicMs() - startedMs > steadyMs) delayMs = firstDelayMs;
      onNotice(`${name} ended (${how}), starting it again in ${delayMs / 1000} s`);
      try {
        await clock.sleep(delayMs, this.#stopping.signal);
      } catch {
        // Only the stop wakes this sleep early.
        return;
      }
      delayMs = Math.min(delayMs * 2, longestDelayMs);
      const life = this.#spawn();
      life.ready.then(
        () => onNotice(`${name} is back`),
        () => undefined,
      );
      ended = life.ended;
    }
  }

  #spawn(): { readonly ready: Promise<Ready>; readonly ended: Promise<string> } {
    const { program, env, onLog, name } = this.#options;
    const child = spawn(process.execPath, [...process.execArgv, program], {
      env: { ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    // Its end is told by 'exit'; a broken pipe on the way there is not news.
    child.stdin.on('error', () => undefined);
    let lastError: ErrorRecord | undefined;
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastError = errorOfLine(line) ?? lastError;
      onLog(line);
    });
    const ended = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    this.#ended = ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    const ready = new Promise<Ready>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const said = parseLine(line);
        if (said?.ready === true) resolve(said);
        else lastError = asErrorRecord(said?.error) ?? lastError;
      });
      ended.then((how) => reject(lastError === undefined ? notUp(name, how) : fromErrorRecord(lastError)), reject);
    });
    return { ready, ended };
  }
}

function notUp(name: string, how: string): FortFailError {
  return new FortFailError({
    kind: 'unavailable',
    code: 'part-not-up',
    message: `unable to start the ${name}: it ended before it was ready (${how})`,
    hint: `Its log is in the data folder, run/log/${name}.log.`,
  });
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    // A part may print what it likes besides its own lines.
    return undefined;
  }
}

function asErrorRecord(value: unknown): ErrorRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, code, message } = value as Partial<ErrorRecord>;
  return typeof kind === 'string' && typeof code === 'string' && typeof message === 'string' ? (value as ErrorRecord) : undefined;
}

/** The failure in a log line, where it has one: an error record, or the house's `errKind`, `errCode` fields. */
function errorOfLine(line: string): ErrorRecord | undefined {
  const fields = parseLine(line);
  if (fields === undefined) return undefined;
  const { errKind, errCode, errMessage, errHint } = fields;
  return asErrorRecord(fields.error) ?? asErrorRecord({ kind: errKind, code: errCode, message: errMessage, hint: errHint });
}
