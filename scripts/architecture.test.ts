import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** The folder of its package or app, such as `packages/base`. */
  readonly room: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/node_modules|\/dist\b|\/assembly\b/.test(entry.parentPath))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const sources: SourceFile[] = [...filesBelow('packages'), ...filesBelow('apps')].map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
  room: path.split('/').slice(0, 2).join('/'),
}));
const production = sources.filter(({ path }) => !/\.test\.tsx?$|\/testing\/|\/mock-api\//.test(path));

/** Import and re-export specifiers. `types` tells whether type-only ones count: they vanish at run time. */
function specifiers(text: string, types: boolean): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s(type\s)?[^;'"]*?from\s*'([^']+)'|^import\s*'([^']+)'|\bimport\('([^']+)'\)/gm)) {
    const specifier = match[2] ?? match[3] ?? match[4];
    if (specifier !== undefined && (types || match[1] === undefined)) found.push(specifier);
  }
  return found;
}

/** Places of `pattern` outside comments, as `file:line`. */
function places(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (pattern.test(line.replace(/\/\/.*$|^\s*\*.*$|^\s*\/\*.*$/, '')) ? [`${path}:${index + 1}`] : [])),
  );
}

describe('the rooms of the house', () => {
  it('has no relative import that leaves its package', () => {
    const escapes = sources.flatMap(({ path, text, room }) =>
      specifiers(text, true)
        .filter((specifier) => specifier.startsWith('.'))
        .filter((specifier) => !relative(root, resolve(root, dirname(path), specifier)).startsWith(`${room}/`))
        .map((specifier) => `${path} imports ${specifier}: a package is imported by its name only`),
    );
    expect(escapes).toEqual([]);
  });

  it('has no cycle of run-time imports within a package', () => {
    const graph = new Map(
      production.map(({ path, text }) => [
        path,
        specifiers(text, false)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => relative(root, resolve(root, dirname(path), specifier))),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      if (done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('imports the testing entry of a package from tests only', () => {
    const wrong = production.filter(({ text }) =>
      specifiers(text, true).some((specifier) => /^@fortfail\/[a-z]+\/testing$/.test(specifier)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('keeps time, chance, environment and the process in their few files', () => {
    const free = /(^|\/)(main|config|[a-z-]+-main|[a-z-]+-worker)\.ts$|\/render\/|base\/src\/clock\.ts$|^apps\/console\//;
    const ruled = production.filter(({ path }) => !free.test(path));
    expect(places(ruled, /\bprocess\.(env|exit)\b|\bconsole\.[a-z]+\(|\bDate\.now\(|new Date\(\)|\bsetTimeout\(|\bMath\.random\(/)).toEqual(
      [],
    );
  });

  it('has no file over 600 lines', () => {
    expect(production.filter(({ text }) => text.split('\n').length > 600).map(({ path }) => path)).toEqual([]);
  });

  it('has no dumping ground', () => {
    expect(sources.filter(({ path }) => /\/(utils?|helpers?|common|misc)(\.tsx?$|\/)/.test(path)).map(({ path }) => path)).toEqual([]);
  });
});

describe('dependencies', () => {
  interface Manifest {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const manifest = (folder: string): Manifest => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
  const rooms = [
    ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`),
    ...readdirSync(join(root, 'apps')).map((name) => `apps/${name}`),
  ];

  it('are pinned exactly', () => {
    const loose = [...rooms, '.'].flatMap((room) =>
      Object.values(manifest(room))
        .filter((value): value is Record<string, string> => typeof value === 'object' && value !== null)
        .flatMap((group) => Object.entries(group).filter(([, version]) => typeof version === 'string' && /^[\^~*]|latest/.test(version)))
        .map(([name]) => `${room}: ${name}`),
    );
    expect(loose).toEqual([]);
  });

  it('of the installed package are those of its parts, the console aside, which is built', () => {
    const parts: Record<string, string> = {};
    for (const room of rooms.filter((name) => name !== 'apps/console')) {
      for (const [name, version] of Object.entries(manifest(room).dependencies ?? {}))
        if (!name.startsWith('@fortfail/')) parts[name] = version;
    }
    expect(manifest('.').dependencies).toEqual(parts);
  });

  it('each have their reason in docs/decisions/dependencies.md', () => {
    const page = readFileSync(join(root, 'docs/decisions/dependencies.md'), 'utf8');
    const names = [...rooms, '.'].flatMap((room) => {
      const { dependencies, devDependencies, optionalDependencies } = manifest(room);
      return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    });
    expect([...new Set(names)].filter((name) => !name.startsWith('@fortfail/') && !page.includes(`\`${name}\``))).toEqual([]);
  });
});
