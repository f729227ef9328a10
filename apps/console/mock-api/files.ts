import type { FileEntry } from '@fortfail/protocol';

interface Leaf {
  readonly name: string;
  readonly type?: FileEntry['type'];
  readonly size?: number;
  readonly linkTarget?: string;
}

/** Names that would run, break a layout or lead astray if anything took them for more than text. */
export const hostileNames = {
  image: '<img src=x onerror="document.title=\'owned\'">',
  script: '"><script>document.title="owned"</script>',
  rightToLeft: 'invoice\u202Efdp.exe',
  long: 'a'.repeat(240),
} as const;

const tree: Readonly<Record<string, readonly Leaf[]>> = {
  wiki: [
    { name: 'conf', type: 'dir' },
    { name: 'extensions', type: 'dir' },
    { name: 'uploads', type: 'dir' },
    { name: hostileNames.image, type: 'dir' },
    { name: '.htaccess', size: 1120 },
    { name: 'LocalSettings.php', size: 14_230 },
    { name: 'composer.json', size: 3410 },
    { name: 'composer.lock', size: 212_400 },
    { name: 'current', type: 'symlink', linkTarget: 'releases/1.43' },
    { name: hostileNames.script, size: 66 },
    { name: hostileNames.rightToLeft, size: 9 },
    { name: hostileNames.long, size: 1 },
    { name: 'thumb.php', size: 2100 },
    { name: 'wiki.sock', type: 'fifo' },
  ],
  conf: [
    { name: 'apache.conf', size: 4100 },
    { name: 'secrets.yml', size: 512 },
  ],
  uploads: Array.from({ length: 450 }, (_, index) => ({ name: `picture-${String(index).padStart(4, '0')}.jpg`, size: 84_000 + index })),
};

const entryOf = (folder: string, leaf: Leaf, modified: string): FileEntry => ({
  name: leaf.name,
  path: folder === '/' ? `/${leaf.name}` : `${folder}/${leaf.name}`,
  type: leaf.type ?? 'file',
  size: leaf.type === undefined || leaf.type === 'file' ? (leaf.size ?? 0) : null,
  mode: leaf.type === 'dir' ? 'drwxr-xr-x' : leaf.type === 'symlink' ? 'Lrwxrwxrwx' : '-rw-r-----',
  modified,
  uid: 33,
  gid: 33,
  user: 'www-data',
  group: 'www-data',
  linkTarget: leaf.linkTarget ?? null,
});

/** The entries of one folder of any point; undefined where there is no folder. */
export const filesOf = (root: string, path: string, modified: string): FileEntry[] | undefined => {
  const names = root.split('/').filter(Boolean);
  const at = path.split('/').filter(Boolean);
  if (at.length < names.length && at.every((name, index) => name === names[index]))
    return [entryOf(path, { name: names[at.length] ?? '', type: 'dir' }, modified)];
  const last = at.at(-1) ?? '';
  if (at.length === names.length) return (tree.wiki ?? []).map((leaf) => entryOf(path, leaf, modified));
  if (last in tree) return (tree[last] ?? []).map((leaf) => entryOf(path, leaf, modified));
  return (tree.wiki ?? []).some(({ name, type }) => name === last && type === 'dir') ? [] : undefined;
};

/** Every folder of any point. */
export const foldersOf = (root: string): string[] => [
  root,
  ...(tree.wiki ?? []).filter(({ type }) => type === 'dir').map(({ name }) => `${root}/${name}`),
];

/** One dot, red. */
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==', 'base64');

/** Bytes of a file of that name; `age` counts back the versions of the one that changes. */
export const contentOf = (name: string, age: number): Buffer => {
  if (name.endsWith('.jpg')) return png;
  if (name === 'composer.lock') return Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
  if (name !== 'LocalSettings.php') return Buffer.from(`# ${name}\n`);
  const lines = Array.from({ length: 40 }, (_, index) => `$wgSetting${index + 1} = ${index * 7};`);
  const names = ['wiki', 'wiki_new', 'wiki_old', 'wiki_older', 'wiki_first'];
  return Buffer.from(`<?php\n${lines.join('\n')}\n$wgDBserver = "app-02";\n$wgDBname = "${names[age] ?? 'none'}";\n$wgDBuser = "wiki";\n`);
};
