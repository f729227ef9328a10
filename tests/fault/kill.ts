import { randomInt } from 'node:crypto';
import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { begin, ended, type Outcome, type Program, type RunOptions } from '../support/programs.ts';

/** When a program is killed: after so many milliseconds, or as soon as so many things have happened in its folders. */
export type Moment = { readonly afterMs: number } | { readonly afterEvents: number };

/** How a program goes when nobody kills it: what moments are drawn from. */
export interface Course {
  readonly ms: number;
  readonly events: number;
}

export interface Call {
  readonly program: Program;
  readonly args: readonly string[];
  readonly options: RunOptions;
  /** Where it works; what happens in these folders and below is counted. */
  readonly folders: readonly string[];
}

/** Counts what happens in folders, and below those that are there now. A folder that is not there is not watched. */
function countEvents(folders: readonly string[], onEvent: (count: number) => void): () => void {
  let count = 0;
  const watchers: FSWatcher[] = [];
  for (const folder of folders.filter((path) => existsSync(path))) {
    const below = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const path of [folder, ...below.map((entry) => join(entry.parentPath, entry.name))]) {
      const watcher = watch(path, () => {
        count += 1;
        onEvent(count);
      });
      // A folder that goes away meanwhile is not watched any more.
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    }
  }
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}

/** Runs to the end, measuring. Throws when it does not succeed. */
export async function measureCourse({ program, args, options, folders }: Call): Promise<Course> {
  let events = 0;
  const stopCounting = countEvents(folders, (count) => {
    events = count;
  });
  const beganMs = performance.now();
  const child = begin(program, args, options);
  child.stdin?.end();
  const outcome = await ended(child);
  stopCounting();
  if (outcome.code !== 0) throw new Error(`${program.name} ${args.join(' ')} ended with ${outcome.code}: ${outcome.stderr}`);
  return { ms: performance.now() - beganMs, events };
}

/**
 * A moment of chance: by turns in time, which also meets the start, and by what is seen on disk, which meets the writing.
 * The first turn is sure to meet the program alive: as soon as it does anything.
 */
export function drawMoment(turn: number, course: Course): Moment {
  if (turn === 0 && course.events > 0) return { afterEvents: 1 };
  return turn % 2 === 1 && course.events > 0
    ? { afterEvents: randomInt(1, course.events + 1) }
    : { afterMs: randomInt(1, Math.max(2, Math.ceil(course.ms))) };
}

/** Runs and kills with SIGKILL at the moment; the outcome tells whether that came in time. */
export async function killedAt({ program, args, options, folders }: Call, moment: Moment): Promise<Outcome> {
  const child = begin(program, args, options);
  child.stdin?.on('error', () => child.stdin?.destroy());
  child.stdin?.end();
  const kill = (): void => void child.kill('SIGKILL');
  const timer = 'afterMs' in moment ? setTimeout(kill, moment.afterMs) : undefined;
  const stopCounting =
    'afterEvents' in moment
      ? countEvents(folders, (count) => {
          if (count >= moment.afterEvents) kill();
        })
      : undefined;
  try {
    return await ended(child);
  } finally {
    clearTimeout(timer);
    stopCounting?.();
  }
}

export const wasKilled = ({ signal }: Outcome): boolean => signal === 'SIGKILL';
