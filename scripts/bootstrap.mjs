// Runs a program of this repository under the Node release pinned in package.json. Needs nothing but the Node (>= 20)
// and npm that run it: installs the locked dependencies when they are missing or stale, and builds what needs building
// (kernels always, the console only where it is served).
//
//   node scripts/bootstrap.mjs FILE.ts ARGS…      a program of ours
//   node scripts/bootstrap.mjs --bin NAME ARGS…   a program of a dependency: tsc, vitest, vite, biome
//   node scripts/bootstrap.mjs --set-up           only the set-up
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const lockFile = join(root, 'package-lock.json');
// A copy of the lock inside node_modules says what is installed; it vanishes with node_modules, so a stale tree is never trusted.
const stamp = join(modules, '.fortfail-lock.json');
const installLock = join(root, '.fortfail-install.lock');
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

function fail(sentence) {
  process.stderr.write(`fortfail: ${sentence}\n`);
  process.exit(1);
}

function isInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lockFile, 'utf8');
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** One set-up at a time: two commands started together must not both rewrite node_modules. */
function withInstallLock(work) {
  for (;;) {
    try {
      mkdirSync(installLock);
      writeFileSync(join(installLock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`unable to write to ${root}: ${error.code}. Clone into a folder that you may write to.`);
      const owner = readOwner();
      if (owner !== undefined && !isAlive(owner)) rmSync(installLock, { recursive: true, force: true });
      pause(100);
    }
  }
  try {
    work();
  } finally {
    rmSync(installLock, { recursive: true, force: true });
  }
}

/** Who holds the lock; undefined while its holder has not written its number yet (it gets two seconds for that). */
function readOwner() {
  try {
    return Number(readFileSync(join(installLock, 'pid'), 'utf8')) || undefined;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    const made = statSync(installLock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - made > 2000 ? 2 ** 30 : undefined;
  }
}

function install() {
  process.stderr.write('fortfail: installing the locked dependencies (first use, about half a minute)\n');
  rmSync(stamp, { force: true });
  // npm names itself to the scripts it runs: the same npm, without a search in PATH and without a shell.
  const npm = process.env.npm_execpath;
  const [file, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  // NODE_ENV=production would leave out what builds the console; npm's chatter goes to stderr, stdout is the program's.
  const env = { ...process.env };
  delete env.NODE_ENV;
  const args = [...before, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional', '--loglevel=error'];
  const result = spawnSync(file, args, { cwd: root, stdio: ['ignore', 2, 2], env });
  if (result.error) fail(`unable to start npm: ${result.error.message}. Install npm 10 or newer.`);
  if (result.status !== 0)
    fail('unable to install dependencies; npm said why above. Check the network or `npm config get registry`, then run the command again.');
  writeFileSync(`${stamp}.new`, readFileSync(lockFile));
  renameSync(`${stamp}.new`, stamp);
}

function pinnedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const binary = join(modules, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  // The package is built for glibc; on musl (Alpine) the system's own Node must do.
  const runs = process.platform !== 'linux' || process.report.getReport().header.glibcVersionRuntime !== undefined;
  if (existsSync(binary) && runs) return binary;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(`needs Node 24, and the package ${name} does not run here. Install Node 24 or newer and run the command again.`);
}

/** Digest over names and bytes of everything below the folders, so that a build is repeated only when its input changed. */
function sourceDigest(folders) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) if (name !== 'node_modules' && name !== 'dist') visit(join(path, name));
    } else {
      hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
    }
  };
  for (const folder of folders) visit(join(root, folder));
  return hash.digest('hex');
}

const builds = [
  {
    name: 'kernels',
    inputs: ['packages/repository/src/kernels/assembly', 'scripts/build-kernels.mjs', 'package-lock.json'],
    output: 'packages/repository/src/kernels/kernels.wasm',
    command: [join(root, 'scripts', 'build-kernels.mjs')],
  },
  {
    name: 'console',
    inputs: [
      'apps/console',
      'packages/base/src',
      'packages/policy/src',
      'packages/protocol/src',
      'packages/trust/src',
      'package-lock.json',
    ],
    output: 'apps/console/dist/index.html',
    command: [join(modules, 'vite', 'bin', 'vite.js'), 'build', join(root, 'apps', 'console'), '--logLevel', 'warn'],
  },
];

const markOf = (name) => join(modules, `.fortfail-built-${name}`);

function isBuilt({ name, inputs, output }) {
  const mark = markOf(name);
  if (!existsSync(join(root, output)) || !existsSync(mark) || readFileSync(mark, 'utf8') !== sourceDigest(inputs)) return false;
  // A checkout makes inputs look newer than they are; the launcher compares times, so the mark says when we last looked.
  try {
    utimesSync(mark, new Date(), new Date());
  } catch (error) {
    // Somebody else's clone, which only its owner may touch: slower to start, nothing else.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
  return true;
}

function build(node, { name, inputs, command }) {
  const wanted = sourceDigest(inputs);
  const result = spawnSync(node, command, { cwd: root, stdio: ['ignore', 'ignore', 2] });
  if (result.status !== 0) fail(`unable to build ${name}; its own words are above.`);
  writeFileSync(markOf(name), wanted);
}

function binary(name) {
  if (name === 'biome') {
    const file = join(modules, '@biomejs', `cli-${process.platform}-${process.arch}`, 'biome');
    if (!existsSync(file)) {
      process.stderr.write('fortfail: lint runs on Linux only (Biome is installed there); nothing was checked\n');
      process.exit(0);
    }
    return [file];
  }
  const folder = join(modules, name === 'tsc' ? 'typescript' : name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return [node, join(folder, typeof bin === 'string' ? bin : bin[name])];
}

// Keeps memory small; must be set before the program starts (measured in docs/benchmarks.md). The launcher sets the same.
const nodeFlags = ['--max-semi-space-size=2'];
const memoryEnvironment = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' };

const [first, ...rest] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`needs Node 20 or newer to begin with; this is ${process.version}.`);
if (!isInstalled()) withInstallLock(() => isInstalled() || install());
process.report.excludeNetwork = true; // a report otherwise looks up every interface's name
const node = pinnedNode();
const needsConsole =
  first === '--set-up' || /scripts\/(test|build-package)\.ts$/.test(first ?? '') || ['start', 'orchestrator'].includes(rest[0]);
const needed = builds.filter(({ name }) => name === 'kernels' || needsConsole);
if (!needed.every(isBuilt)) {
  withInstallLock(() => {
    for (const one of needed) if (!isBuilt(one)) build(node, one);
  });
}
if (first === '--set-up') process.exit(0);
// npm runs scripts in the repository's folder; paths that a person typed are relative to where they typed them.
const cwd = first === '--bin' ? root : (process.env.INIT_CWD ?? process.cwd());
const command = first === '--bin' ? [...binary(rest[0]), ...rest.slice(1)] : [node, ...nodeFlags, join(root, first), ...rest];
const child = spawn(command[0], command.slice(1), {
  cwd,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
    NODE_COMPILE_CACHE: join(modules, '.cache', 'node'),
    ...memoryEnvironment,
  },
});
// Ctrl-C reaches the whole process group by itself; a signal sent to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`unable to start ${command[0]}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
