import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readExcludeFile } from './exclude-file.ts';
import { ExcludeMatcher } from './exclude-matcher.ts';
import { cacheFolderTag, parseFolderTag } from './exclude-rules.ts';
import { parseFilesFrom, parseFilesFromVerbatim } from './files-from.ts';
import { type WalkOptions, walk } from './walk.ts';

/** What one case gives to restic and what it gives to the walk. `{}` in texts stands for the folder. */
interface Case {
  readonly title: string;
  readonly exclude?: readonly string[];
  readonly ignoringCase?: readonly string[];
  readonly excludeFile?: string;
  readonly filesFrom?: string;
  readonly filesFromVerbatim?: string;
  readonly options?: readonly string[];
  readonly walk?: Partial<WalkOptions>;
  readonly targets?: readonly string[];
  readonly workingFolder?: string;
  /** Cases in which restic 0.14 behaves otherwise. */
  readonly onlyNew?: boolean;
}

const cases: readonly Case[] = [
  { title: 'simple names and globs', exclude: ['*.o', 'node_modules', 'R?adme', 'x[0-9]', 'x[^0-9]z'] },
  { title: 'anchors and depth', exclude: ['{}/src/a', '/src/b', 'b/*/deep', 'c/', './d'] },
  { title: 'double stars', exclude: ['{}/src/**/deep.txt', 'a/**/x1', '**/y', 'b/**/'] },
  { title: 'negation in order', exclude: ['*.txt', '!keep.txt', '!a', 'a/keep.txt', 'b', '!b/keep.txt'] },
  { title: 'everything but', exclude: ['{}/src/*', '!{}/src/a', '!*.o'] },
  { title: 'escapes and odd names', exclude: ['\\*star', 'q\\?', '[[]x', 'ü*', '*\\ space', '[\\]]'] },
  { title: 'case', exclude: ['Readme'], ignoringCase: ['*.TXT', 'ÜBER', '!KEEP.txt', '[N]ode_*'] },
  { title: 'files of patterns', excludeFile: '# comment\n  *.o  \n\n$PART/y\n\x24{PART}x\n$$money\n!keep.txt\n\u00a0readme\u00a0\n' },
  {
    title: 'tags',
    options: ['--exclude-caches', '--exclude-if-present', '.nobackup', '--exclude-if-present', 'tag:head'],
    walk: { excludeIfPresent: [cacheFolderTag, '.nobackup', 'tag:head'].map(parseFolderTag) },
  },
  { title: 'sizes', options: ['--exclude-larger-than', '1k'], walk: { excludeLargerThanBytes: 1024 } },
  {
    title: 'targets that share names',
    targets: ['a/x1', '../src/a/keep.txt', '{}/src/b/y', 'a/node_modules', '../other/a'],
    workingFolder: 'src',
  },
  { title: 'a target within a target', targets: ['src/b/c', 'src', 'other/../other'] },
  { title: 'the folder itself', targets: ['.', '..'], workingFolder: 'src/a', exclude: ['*.o'] },
  { title: 'lists of targets', targets: [], filesFrom: '#c\nsrc/*.o\nsr[c]/?/keep.txt\n*/a/x*\n', filesFromVerbatim: 'src/*star\nsrc/b\n' },
  { title: 'excluded targets', targets: ['src/a', 'src/keep.txt', 'src'], exclude: ['a', '*.txt', 'src/b'], onlyNew: true },
];

function makeTree(folder: string): void {
  for (const name of [
    'src/a/node_modules/m',
    'src/a/x1',
    'src/b/c/deep',
    'src/b/y',
    'src/c',
    'src/d',
    'other/a',
    'src/cache/sub',
    'src/part/x',
  ]) {
    mkdirSync(`${folder}/${name}`, { recursive: true });
  }
  const names = [
    'a.o',
    'Readme',
    'readme',
    'README',
    'x1',
    'x1z',
    'xaz',
    'keep.txt',
    'KEEP.TXT',
    'deep.txt',
    '*star',
    'nostar',
    'q?',
    'qq',
    '[x',
    ']',
    'über',
    'ÜBER',
    'a space',
    '$money',
  ];
  for (const place of [
    'src',
    'src/a',
    'src/a/x1',
    'src/b',
    'src/b/c/deep',
    'src/b/y',
    'src/c',
    'src/d',
    'other/a',
    'src/a/node_modules/m',
    'src/part',
    'src/part/x',
  ]) {
    for (const name of names) if (!existsSync(`${folder}/${place}/${name}`)) writeFileSync(`${folder}/${place}/${name}`, name);
  }
  writeFileSync(`${folder}/src/cache/CACHEDIR.TAG`, 'Signature: 8a477f597d28d172789f06886806bc55');
  writeFileSync(`${folder}/src/cache/sub/x`, '');
  writeFileSync(`${folder}/src/b/.nobackup`, '');
  writeFileSync(`${folder}/src/c/tag`, 'header');
  writeFileSync(`${folder}/src/d/tag`, 'other');
  writeFileSync(`${folder}/src/exactly`, Buffer.alloc(1024));
  writeFileSync(`${folder}/src/larger`, Buffer.alloc(1025));
  symlinkSync('a', `${folder}/src/link`);
}

function fill(texts: readonly string[], folder: string): string[] {
  return texts.map((text) => text.replaceAll('{}', folder));
}

/** restic before 0.19 also excludes what the user named. */
function excludesItsTarget(one: Case, folder: string): boolean {
  const exclude = ExcludeMatcher.of(fill(one.exclude ?? [], folder), fill(one.ignoringCase ?? [], folder));
  return one.targets === undefined && exclude.excludes(`${folder}/src`);
}

/** Files and folders of the tree that the walk would give, as restic names them. */
function ours(one: Case, folder: string): string[] {
  const workingFolder = `${folder}/${one.workingFolder ?? ''}`;
  const patterns: (string | Buffer)[] = fill(one.exclude ?? [], folder);
  if (one.excludeFile !== undefined)
    patterns.push(...readExcludeFile(`${folder}/patterns`, (name) => (name === 'PART' ? 'part' : undefined)));
  const targets: (string | Buffer)[] = [
    ...(one.filesFrom === undefined ? [] : parseFilesFrom(readFileSync(`${folder}/from`), workingFolder, () => undefined)),
    ...(one.filesFromVerbatim === undefined ? [] : parseFilesFromVerbatim(readFileSync(`${folder}/verbatim`))),
    ...fill(one.targets ?? ['src'], folder),
  ];
  const exclude = ExcludeMatcher.of(patterns, fill(one.ignoringCase ?? [], folder));
  const items: string[] = [];
  const place: string[] = [''];
  for (const event of walk({ targets, workingFolder, exclude, ...one.walk })) {
    if (event.kind === 'error') throw event.error;
    if (event.kind === 'enter') place.push(event.metadata.name.toString());
    if (event.kind === 'leave') {
      items.push(`${place.join('/')}/`);
      place.pop();
    }
    if (event.kind === 'entry' && event.metadata.type === 'file') items.push(`${place.join('/')}/${event.metadata.name.toString()}`);
  }
  return items.sort();
}

function restics(restic: string, one: Case, folder: string): string[] {
  const values = (flag: string, texts: readonly string[] = []): string[] => fill(texts, folder).flatMap((text) => [flag, text]);
  const file = (flag: string, name: string, contents: string | undefined): string[] => {
    if (contents === undefined) return [];
    writeFileSync(`${folder}/${name}`, contents);
    return [flag, `${folder}/${name}`];
  };
  const options = [
    ...values('--exclude', one.exclude),
    ...values('--iexclude', one.ignoringCase),
    ...file('--exclude-file', 'patterns', one.excludeFile),
    ...file('--files-from', 'from', one.filesFrom),
    ...file('--files-from-verbatim', 'verbatim', one.filesFromVerbatim),
    ...(one.options ?? []),
  ];
  const args = [
    '-r',
    `${folder}/repository`,
    '--no-cache',
    'backup',
    '--dry-run',
    '-vv',
    '--json',
    ...options,
    ...fill(one.targets ?? ['src'], folder),
  ];
  const run = spawnSync(restic, args, {
    cwd: `${folder}/${one.workingFolder ?? ''}`,
    encoding: 'utf8',
    env: { RESTIC_PASSWORD: 'x', PART: 'part' },
  });
  if (run.status !== 0) throw new Error(`restic failed: ${run.stderr}`);
  const items: string[] = [];
  for (const line of run.stdout.split('\n')) {
    const message: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
    if (typeof message !== 'object' || message === null || !('item' in message) || !('action' in message)) continue;
    if (message.action === 'new' && typeof message.item === 'string') items.push(message.item);
  }
  return items.sort();
}

const seed = Number(process.env.FORTFAIL_TEST_SEED ?? 20261121);
const randomCount = Number(process.env.FORTFAIL_TEST_CASES ?? 4);

/** Pattern lists put together at random (xorshift, so that a seed gives the same ones again). */
function randomCases(): Case[] {
  let state = seed | 1;
  const pick = <T>(from: readonly T[]): T => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const picked = from[(state >>> 0) % from.length];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  };
  const names = [
    'a',
    'b',
    'c',
    'deep',
    'y',
    'x*',
    '*.txt',
    '?',
    '**',
    '**',
    '*',
    '[a-c]',
    '[^a-c]',
    'keep.*',
    'Readme',
    '*e*',
    'node_modules',
    '.',
    '\\*star',
  ];
  const pattern = (): string => {
    const parts = Array.from({ length: pick([1, 1, 1, 2, 2, 3, 4]) }, () => pick(names));
    return pick(['', '', '', '!']) + pick(['', '', '{}/src/', '{}/*/', '/', '**/']) + parts.join('/') + pick(['', '', '', '/']);
  };
  return Array.from({ length: randomCount }, (_, index) => {
    const exclude = Array.from({ length: pick([1, 2, 3, 5]) }, pattern);
    return { title: `random case ${index} of seed ${seed}: ${exclude.join(' ')}`, exclude, ignoringCase: pick([[], [], [pattern()]]) };
  });
}

const versions = [
  { name: '0.14', binary: process.env.RESTIC_014 ?? '/usr/bin/restic' },
  { name: '0.19', binary: process.env.RESTIC_019 ?? '/opt/restic-0.19/usr/bin/restic' },
] as const;

for (const { name, binary } of versions) {
  const isThere = existsSync(binary);
  describe.skipIf(!isThere)(`the walk and restic ${name}${isThere ? '' : ` (skipped: no restic at ${binary})`}`, () => {
    it('choose the same files and folders in every case', { timeout: 600_000 }, () => {
      const folder = temporaryFolder();
      makeTree(folder);
      const init = spawnSync(binary, ['-r', `${folder}/repository`, 'init'], { env: { RESTIC_PASSWORD: 'x' } });
      expect(init.status).toBe(0);
      for (const one of [...cases, ...randomCases()]) {
        if (name === '0.14' && (one.onlyNew === true || excludesItsTarget(one, folder))) continue;
        const expected = restics(binary, one, folder);
        expect(expected.length, one.title).toBeGreaterThan(0);
        expect(ours(one, folder), one.title).toEqual(expected);
      }
    });
  });
}
