import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalClient } from '../../apps/cli/src/client/local-client.ts';
import { begin, ended, fortfail, type Outcome, type Program, type RunOptions } from './programs.ts';

/** Looks again and again until there is an answer. Throws when there is none in time, saying what was waited for. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, patienceMs = 90_000): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`);
    await sleep(15);
  }
}

/** Numbers of the processes that a process started. */
export function childrenOf(pid: number | undefined): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch (error) {
    // No such process: gone between two looks, or before the first.
    if (error instanceof Error) return false;
    throw error;
  }
}

export type PartName = 'orchestrator' | 'agent';

/** A running `fortfail start`, driven as a program of the same machine would: by its socket, its output and signals. */
export class Site {
  readonly data: string;
  readonly child: ChildProcess;
  readonly end: Promise<Outcome>;
  readonly client: LocalClient;
  #text = '';
  #hasEnded = false;

  constructor(data: string, args: readonly string[] = [], options: RunOptions = {}, program: Program = fortfail) {
    this.data = data;
    this.client = new LocalClient(join(data, 'run', 'orchestrator.sock'));
    this.child = begin(program, ['start', '--data', data, '--port', '0', ...args], options);
    this.end = ended(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (text: string) => {
        this.#text += text;
      });
    }
    this.end.then(
      () => {
        this.#hasEnded = true;
      },
      () => undefined,
    );
  }

  get text(): string {
    return this.#text;
  }

  /** Waits until it has said something; throws when it ends without. */
  async said(pattern: RegExp): Promise<void> {
    await until(`'${pattern.source}' to be said`, () => {
      if (pattern.test(this.#text)) return true;
      if (this.#hasEnded) throw new Error(`it ended without saying ${pattern.source}:\n${this.#text}`);
      return undefined;
    });
  }

  /** The process number of a part; undefined while it is down. */
  part(name: PartName): number | undefined {
    return childrenOf(this.child.pid).find((pid) => {
      const path = `/proc/${pid}/cmdline`;
      return existsSync(path) && readFileSync(path, 'utf8').includes(`/${name}/src/main.ts`);
    });
  }

  async kill(name: PartName): Promise<void> {
    const pid = await until(`the ${name} to be up`, () => this.part(name));
    process.kill(pid, 'SIGKILL');
    await until(`the ${name} to be gone`, () => !isAlive(pid) || undefined);
  }

  /** Ctrl-C, and the wait for the end. */
  async stop(): Promise<Outcome> {
    this.child.kill('SIGINT');
    return await this.end;
  }
}
