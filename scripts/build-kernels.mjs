// Compiles the repository's kernels (AssemblyScript) to WebAssembly. Plain JavaScript without imports of our own, so that
// any Node the installation finds can run it. Needs the installed node_modules and nothing else.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'packages/repository/src/kernels');
const sourceFolder = join(folder, 'assembly');
const target = join(folder, 'kernels.wasm');
// The first 64 KiB stay free of compiler data: the program keeps its tables there.
const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--memoryBase', '65536', '--initialMemory', '2'];
const stampName = 'fortfail.source';

function readSources() {
  const names = readdirSync(sourceFolder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  return new Map(names.map((name) => [name, readFileSync(join(sourceFolder, name), 'utf8')]));
}

function compilerVersion() {
  const require = createRequire(import.meta.url);
  return JSON.parse(readFileSync(require.resolve('assemblyscript/package.json'), 'utf8')).version;
}

/** What the built file depends on: sources, compiler, flags. */
function fingerprint(sources, version) {
  const hash = createHash('sha256').update(JSON.stringify([version, flags]));
  for (const [name, text] of sources) hash.update(`\0${name}\0${text}`);
  return hash.digest('hex');
}

/** A WebAssembly custom section, which engines ignore: the stamp travels inside the file, so the two cannot part. */
function stampSection(stamp) {
  const payload = Buffer.concat([Buffer.from([stampName.length]), Buffer.from(stampName), Buffer.from(stamp)]);
  if (payload.length > 127) throw new Error('the stamp does not fit a one-byte length');
  return Buffer.concat([Buffer.from([0, payload.length]), payload]);
}

function isUpToDate(stamp) {
  try {
    return readFileSync(target).subarray(-stamp.length).toString('latin1') === stamp;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

async function compile(sources) {
  const { default: asc } = await import('assemblyscript/asc');
  const messages = [];
  const stream = { write: (chunk) => messages.push(String(chunk)) };
  let binary;
  const { error } = await asc.main(['index.ts', '--outFile', 'kernels.wasm', ...flags], {
    stdout: stream,
    stderr: stream,
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (name, contents) => {
      if (name === 'kernels.wasm') binary = Buffer.from(contents);
    },
    listFiles: () => [],
  });
  if (error || binary === undefined)
    throw new Error(`unable to compile the kernels: ${error?.message ?? 'no output'}\n${messages.join('')}`);
  return binary;
}

/**
 * Builds kernels.wasm unless it is up to date; tells which. Harmless when several run at once: the file is replaced whole.
 */
export async function buildKernels({ force = false } = {}) {
  const sources = readSources();
  const stamp = fingerprint(sources, compilerVersion());
  if (!force && isUpToDate(stamp)) return { built: false, target };
  const staged = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(staged, Buffer.concat([await compile(sources), stampSection(stamp)]));
    renameSync(staged, target);
  } finally {
    rmSync(staged, { force: true });
  }
  return { built: true, target };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { built, target: path } = await buildKernels({ force: process.argv.includes('--force') });
  process.stdout.write(`${built ? 'built' : 'up to date'}: ${path}\n`);
}
