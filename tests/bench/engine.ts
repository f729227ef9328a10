/**
 * FortFail and restic side by side in one run: first backup, unchanged backup, restore, check of all data.
 *
 *   node tests/bench/engine.ts [--folder PATH]... [--scratch DIR] [--rounds N] [--only VERB,...] [--no-old]
 *
 * Prints one JSON line per measurement and a table of ratios at the end. Folders default to /usr/share and /usr/lib, of which
 * everything is read once before, so that no tool meets a cold disk. Scratch should be memory (/dev/shm) to compare programs
 * and not disks. Each tool has a repository of its own; the tools take turns within each round, and the best of the rounds counts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Measured, measure } from './measure.ts';

interface Tool {
  readonly name: string;
  readonly file: string;
  readonly before: readonly string[];
  readonly repository: string;
}

type Verb = 'backup' | 'unchanged' | 'restore' | 'check';
const verbs: readonly Verb[] = ['backup', 'unchanged', 'restore', 'check'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values } = parseArgs({
  options: {
    folder: { type: 'string', multiple: true },
    scratch: { type: 'string', default: '/dev/shm' },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
    'no-old': { type: 'boolean', default: false },
  },
});
const folders = values.folder ?? ['/usr/share', '/usr/lib'];
const scratch = mkdtempSync(join(values.scratch, 'fortfail-bench-'));
const wanted = values.only === undefined ? verbs : verbs.filter((verb) => values.only?.split(',').includes(verb));
const env = { PATH: '/usr/bin:/bin', HOME: scratch, RESTIC_PASSWORD: 'bench', TZ: 'UTC' };

function findTools(): Tool[] {
  const restic = (name: string, file: string): Tool => ({ name, file, before: ['--no-cache', '--quiet'], repository: join(scratch, name) });
  const tools = [
    {
      name: 'fortfail',
      // The launcher: it gives the program the flags and the cache of compiled sources that users have.
      file: join(root, 'fortfail'),
      before: [],
      repository: join(scratch, 'fortfail'),
    },
    restic('restic-0.19', process.env.RESTIC_019 ?? '/opt/restic-0.19/usr/bin/restic'),
    ...(values['no-old'] ? [] : [restic('restic-0.14', process.env.RESTIC_014 ?? '/usr/bin/restic')]),
  ];
  return tools.filter((tool) => {
    const isHere = existsSync(tool.file);
    if (!isHere) process.stderr.write(`skipped: ${tool.name} is not at ${tool.file}\n`);
    return isHere;
  });
}

function argsOf(tool: Tool, verb: Verb | 'init'): string[] {
  const repository = ['-r', tool.repository];
  switch (verb) {
    case 'init':
      return [...tool.before, 'init', ...repository];
    case 'backup':
    case 'unchanged':
      return [...tool.before, 'backup', ...repository, ...folders];
    case 'restore':
      return [...tool.before, 'restore', ...repository, 'latest', '--target', join(scratch, 'target')];
    case 'check':
      return [...tool.before, 'check', ...repository, '--read-data'];
  }
}

/** FortFail takes the verb first. */
function commandLine(tool: Tool, verb: Verb | 'init'): string[] {
  const args = argsOf(tool, verb);
  return tool.name === 'fortfail' ? [...args, '--quiet'] : args;
}

/** Bytes of all files below, as `du` counts them. */
function treeBytes(folder: string): number {
  return Number(execFileSync('du', ['-sb', folder], { encoding: 'utf8' }).split('\t')[0]);
}

async function measureVerb(tool: Tool, verb: Verb): Promise<Measured> {
  if (verb === 'backup') {
    rmSync(tool.repository, { recursive: true, force: true });
    mkdirSync(tool.repository);
    await measure(tool.file, commandLine(tool, 'init'), { env, cwd: scratch });
  }
  if (verb === 'restore') rmSync(join(scratch, 'target'), { recursive: true, force: true });
  const measured = await measure(tool.file, commandLine(tool, verb), { env, cwd: scratch });
  if (verb === 'restore') rmSync(join(scratch, 'target'), { recursive: true, force: true });
  return measured;
}

function better(a: Measured | undefined, b: Measured): Measured {
  return a === undefined || b.wallSeconds < a.wallSeconds ? b : a;
}

function table(tools: readonly Tool[], best: ReadonlyMap<string, Measured>): string {
  const lines = ['| | tool | wall s | CPU s | others s | peak MiB | speed | CPU |', '|---|---|---|---|---|---|---|---|'];
  for (const verb of wanted) {
    const ours = best.get(`${verb} fortfail`);
    for (const tool of tools) {
      const m = best.get(`${verb} ${tool.name}`);
      if (m === undefined) continue;
      const isOurs = tool.name === 'fortfail' || ours === undefined;
      const speed = isOurs ? '' : `${(m.wallSeconds / ours.wallSeconds).toFixed(2)}x`;
      const cpu = isOurs ? '' : `${(m.cpuSeconds / ours.cpuSeconds).toFixed(2)}x`;
      const numbers = [m.wallSeconds, m.cpuSeconds, m.othersCpuSeconds].map((value) => value.toFixed(1));
      lines.push(`| ${verb} | ${tool.name} | ${numbers.join(' | ')} | ${m.peakMiB.toFixed(0)} | ${speed} | ${cpu} |`);
    }
  }
  return lines.join('\n');
}

async function main(): Promise<void> {
  const tools = findTools();
  process.stderr.write(
    `warming ${folders.join(', ')}: ${(folders.reduce((sum, folder) => sum + treeBytes(folder), 0) / 1e9).toFixed(2)} GB\n`,
  );
  await measure('/bin/sh', ['-c', 'tar cf - "$@" | cat > /dev/null', 'sh', ...folders], { env, cwd: scratch });
  const best = new Map<string, Measured>();
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const verb of wanted) {
      for (const tool of tools) {
        const measured = await measureVerb(tool, verb);
        process.stdout.write(`${JSON.stringify({ round, verb, tool: tool.name, ...measured })}\n`);
        best.set(`${verb} ${tool.name}`, better(best.get(`${verb} ${tool.name}`), measured));
      }
    }
  }
  for (const tool of tools) process.stdout.write(`${JSON.stringify({ tool: tool.name, storedMB: treeBytes(tool.repository) / 1e6 })}\n`);
  process.stdout.write(
    `\n${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), ${folders.join(' + ')}\n\n${table(tools, best)}\n`,
  );
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
