import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds `dist/package`, what an installed FortFail runs: Node refuses to strip types below node_modules, so every
 * source becomes the same file as JavaScript in the same place, with its specifiers turned to `.js`. No bundling: worker
 * threads, child programs and assets are found by the same relative paths as in the clone.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'dist', 'package');
const rooms = [
  ...['base', 'trust', 'policy', 'protocol', 'storage', 'repository', 'source', 'engine'].map((name) => `packages/${name}`),
  ...['orchestrator', 'agent', 'cli'].map((name) => `apps/${name}`),
];

/** `@fortfail/base` and `@fortfail/agent/main` as a path from the folder of the importing file. */
function ownPath(from: string, specifier: string): string {
  const [, name, entry] = specifier.split('/');
  const room = rooms.find((path) => path.endsWith(`/${name}`));
  if (room === undefined) throw new Error(`${from} imports ${specifier}, which is not packed`);
  const { exports } = JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8')) as { exports: Record<string, string> };
  const source = exports[entry === undefined ? '.' : `./${entry}`];
  if (source === undefined) throw new Error(`${from} imports ${specifier}, which is no entry of its package`);
  const path = relative(dirname(from), join(room, source.replace(/\.ts$/, '.js')));
  return path.startsWith('.') ? path : `./${path}`;
}

function translate(from: string, source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' })
    .replaceAll(/'(@fortfail\/[a-z]+(?:\/[a-z]+)?)'/g, (_, specifier: string) => `'${ownPath(from, specifier)}'`)
    .replaceAll(/'(\.{1,2}\/[^'\s]*)\.ts'/g, "'$1.js'");
}

rmSync(out, { recursive: true, force: true });
for (const room of rooms) {
  for (const entry of readdirSync(join(root, room, 'src'), { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name));
    if (!entry.isFile() || /\/testing\/|\/assembly\/|\.test\.ts$/.test(path)) continue;
    mkdirSync(join(out, dirname(path)), { recursive: true });
    if (path.endsWith('.ts'))
      writeFileSync(join(out, path.replace(/\.ts$/, '.js')), translate(path, readFileSync(join(root, path), 'utf8')));
    else cpSync(join(root, path), join(out, path));
  }
}
cpSync(join(root, 'apps/console/dist'), join(out, 'apps/console/dist'), { recursive: true });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
writeFileSync(join(out, 'package.json'), `${JSON.stringify({ type: 'module', version })}\n`);
process.stderr.write(`fortfail: built ${relative(process.cwd(), out)}\n`);
