// Starts an installed package (npm install -g, or a packed archive) under the pinned Node that npm installed beside it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist', 'package', 'apps', 'cli', 'src', 'main.js');

function pinnedNode() {
  process.report.excludeNetwork = true;
  const runs = process.platform !== 'linux' || process.report.getReport().header.glibcVersionRuntime !== undefined;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const binary = join(folder, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (runs && existsSync(binary)) return binary;
  }
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  process.stderr.write(
    `fortfail: needs Node 24, and the package ${name} is not here. Install Node 24 or newer and run the command again.\n`,
  );
  return process.exit(1);
}

if (!existsSync(program)) {
  process.stderr.write('fortfail: this package was packed without its built program. Pack it again with `npm pack`, scripts allowed.\n');
  process.exit(1);
}
// Keeps memory small; must be set before the program starts (measured in docs/benchmarks.md).
const env = { ...process.env, MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' };
const child = spawn(pinnedNode(), ['--max-semi-space-size=2', program, ...process.argv.slice(2)], { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
