import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastFolder } from './fast-folder.ts';
import { findTools } from './tools.ts';

/**
 * `npm test`: lint, types and every suite, after finding or installing what they need. Arguments narrow it:
 * `npm test -- unit`, `npm test -- lint types`, `npm test -- e2e tests/e2e/start.test.ts`.
 * FORTFAIL_TEST_ALL=1 (as in CI) makes a skipped test a failure.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const suites = ['unit', 'compat', 'console', 'fault', 'e2e'] as const;
/** Their files share nothing; those of the others kill processes at measured moments or drive whole products, one after the other. */
const sideBySide: ReadonlySet<string> = new Set(['unit', 'compat', 'console']);
const steps = ['lint', 'types', ...suites] as const;
/** Suites whose temporary files may lie in memory; the others crash and fill real disks. */
const inMemory: ReadonlySet<string> = new Set(['unit', 'compat']);

interface Assertion {
  readonly status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo' | 'disabled';
  readonly fullName: string;
}
interface Report {
  readonly success: boolean;
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly assertionResults: readonly Assertion[] }[];
}

const asked = process.argv.slice(2);
const chosen = steps.filter((step) => asked.includes(step));
const files = asked.filter((word) => !(steps as readonly string[]).includes(word));
const selected = chosen.length > 0 ? chosen : steps;
let passed = 0;
let failed = 0;
const skipped: string[] = [];

function step(name: string, file: string, args: readonly string[]): void {
  process.stdout.write(`\n== ${name}\n`);
  const result = spawnSync(file, args, { cwd: root, stdio: 'inherit' });
  if (result.status === 0) passed += 1;
  else failed += 1;
}

function lint(): void {
  const biome = join(root, 'node_modules', '@biomejs', `cli-${process.platform}-${process.arch}`, 'biome');
  if (existsSync(biome)) step('lint', biome, ['ci', '.']);
  else skipped.push('lint: Biome is installed on Linux only');
}

function types(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  step('types', process.execPath, [tsc, '-p', '.']);
  step('types of the console', process.execPath, [tsc, '-p', 'apps/console']);
}

function run(suite: string, environment: NodeJS.ProcessEnv): void {
  process.stdout.write(`\n== ${suite}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'fortfail-report-'));
  const output = join(folder, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [
    vitest,
    'run',
    '--project',
    suite,
    '--passWithNoTests',
    ...(sideBySide.has(suite) ? [`--maxWorkers=${Math.max(2, availableParallelism() - 1)}`] : []),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...files,
  ];
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: environment });
  const report = existsSync(output) ? (JSON.parse(readFileSync(output, 'utf8')) as Report) : undefined;
  rmSync(folder, { recursive: true, force: true });
  let failures = 0;
  for (const file of report?.testResults ?? []) {
    for (const { status, fullName } of file.assertionResults) {
      if (status === 'passed') passed += 1;
      else if (status === 'failed') failures += 1;
      else skipped.push(`${suite}: ${fullName}`);
    }
  }
  // A file that could not be loaded, or a worker that died, fails the run without a failed test to show for it.
  failed += result.status !== 0 ? Math.max(1, failures) : failures;
}

/** Whether an ordinary user can come to this clone: some tests, and PostgreSQL, must not be root, and start from here. */
function isReachableByAll(): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    const needed = folder === root ? 0o005 : 0o001;
    if ((statSync(folder).mode & needed) !== needed) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Starts over with the clone seen at a second place that all may enter, in a mount namespace that ends with the tests. */
function testFromReachablePlace(): number | null {
  const view = mkdtempSync(join(tmpdir(), 'fortfail-view-'));
  chmodSync(view, 0o755);
  const node = join(view, relative(root, process.execPath));
  const script = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"';
  const command = [node, ...process.execArgv, join(view, 'scripts', 'test.ts'), ...asked];
  const result = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, view, ...command], {
    stdio: 'inherit',
    env: { ...process.env, FORTFAIL_TEST_VIEW: view, PATH: `${dirname(node)}:${process.env.PATH}` },
  });
  rmdirSync(view);
  return result.status;
}

const needsOrdinaryUser = process.getuid?.() === 0 && selected.some((name) => (suites as readonly string[]).includes(name));
if (needsOrdinaryUser && process.env.FORTFAIL_TEST_VIEW === undefined && !isReachableByAll()) {
  process.stdout.write(`${root} is closed to other users: testing from a second view of it\n`);
  process.exit(testFromReachablePlace() ?? 1);
}

const tools = selected.some((name) => (suites as readonly string[]).includes(name)) ? findTools() : [];
// The tests start the command line and their own workers a thousand times: with this, each module is compiled once.
const compiled = mkdtempSync(join(tmpdir(), 'fortfail-compiled-'));
chmodSync(compiled, 0o1777);
const environment: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'test', NODE_COMPILE_CACHE: compiled };
for (const { variable, path } of tools) if (path !== undefined) environment[variable] = path;
const fast = selected.some((name) => inMemory.has(name)) ? fastFolder() : undefined;
for (const name of selected) {
  if (name === 'lint') lint();
  else if (name === 'types') types();
  else run(name, fast !== undefined && inMemory.has(name) ? { ...environment, TMPDIR: fast } : environment);
}
for (const folder of [compiled, fast]) if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
const missing = tools.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
for (const reason of missing) process.stdout.write(`\nmissing: ${reason}`);
if (skipped.length > 0) process.stdout.write(`\nskipped:\n${skipped.map((name) => `  ${name}`).join('\n')}\n`);
if (process.env.FORTFAIL_TEST_ALL === '1') failed += skipped.length;
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
