import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '@fortfail/source';
import { makeNastyTree } from '@fortfail/source/testing';
import { begin, ended, fortfail, must, type Outcome } from '../../support/programs.ts';

/** The whole product as a person starts it, with a folder of every kind of entry to protect. */
export interface Product extends AsyncDisposable {
  readonly data: string;
  readonly tree: string;
  /** The plan's name of the protected folder. */
  readonly planName: string;
  readonly url: string;
  /** As printed at the start. */
  readonly loginLink: string;
  readonly child: ChildProcess;
  /** Process numbers of the parts that run now. */
  part(name: 'orchestrator' | 'agent'): number;
  /** Resolves when standard output or error has said this. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Runs a verb of the command line on the same data. */
  verb(...words: readonly string[]): Promise<string>;
}

/** Fsync costs; a folder in memory has none, and what is tested here is not the disk. */
const memory = '/dev/shm';
const parent = existsSync(memory) && roomOf(memory) > 4e9 ? memory : tmpdir();

function roomOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Names that a page must not take at their word. */
export const MARKUP = '<img src=x onerror="document.title=\'owned\'">';
export const TURNED = 'invoice\u202efdp.exe';

function makeTree(tree: string): void {
  makeNastyTree(tree);
  writeFileSync(join(tree, 'names', MARKUP), 'a picture that is none');
  writeFileSync(join(tree, 'names', TURNED), 'reads as a pdf when drawn as told');
  for (let page = 0; page < 300; page += 1) {
    const folder = join(tree, 'pages', `part-${page % 6}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `page-${page}.txt`), `page ${page}\n`.repeat(20 * (page % 40)));
  }
}

/** Adds so much that nothing of it was stored before that reading it takes long enough to be watched. */
export function addBulk(tree: string, megabytes: number): void {
  mkdirSync(join(tree, 'bulk'), { recursive: true });
  for (let part = 0; part < megabytes; part += 16) writeFileSync(join(tree, 'bulk', `part-${part}.bin`), randomBytes(16 * 1024 * 1024));
}

function listen(child: ChildProcess, end: Promise<Outcome>): Product['said'] {
  let text = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: string) => {
      text += part;
      for (const look of waiting) look();
    });
  }
  return (pattern) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(text);
        if (found === null) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      end.then(() => reject(new Error(`it ended without saying ${pattern}:\n${text}`)), reject);
    });
}

function partOf(pid: number | undefined, name: string): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const found = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(join('apps', name, 'src')));
  if (found === undefined) throw new Error(`the ${name} does not run`);
  return Number(found);
}

/** Starts `fortfail start` and waits until both plans are proven. */
export async function startProduct(): Promise<Product> {
  const folder = mkdtempSync(join(parent, 'fortfail-site-'));
  const [data, tree] = [join(folder, 'data'), join(folder, 'library')];
  makeTree(tree);
  const child = begin(fortfail, ['start', '--protect', tree, '--data', data, '--port', '0'], { env: { SITE_NAME: 'fort-01', TZ: 'UTC' } });
  const end = ended(child);
  const said = listen(child, end);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await end;
    removeTree(Buffer.from(folder));
  };
  try {
    const [, planName = ''] = await said(/(\S+-library): backup succeeded/);
    const [, loginLink = '', url = ''] = await said(/Console\s+((http:\S+)\/sign-in#link=\S+)/);
    await said(/FortFail is up/);
    return {
      data,
      tree,
      planName,
      url,
      loginLink,
      child,
      said,
      part: (name) => partOf(child.pid, name),
      verb: async (...words) => (await must(fortfail, [...words, '--data', data])).stdout,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
