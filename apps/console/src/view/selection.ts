/** Paths chosen inside a restore point. A folder stands for everything below it, so no path is kept below another. */
export type Selection = ReadonlySet<string>;

const isBelow = (path: string, folder: string): boolean => folder === '/' || path.startsWith(`${folder}/`);

/** Whether a path is chosen itself, by a folder above it, or not at all. */
export const choiceOf = (selection: Selection, path: string): 'chosen' | 'inherited' | 'none' => {
  if (selection.has(path)) return 'chosen';
  for (const each of selection) if (isBelow(path, each)) return 'inherited';
  return 'none';
};

/** Adds a path, or takes it away when it was chosen itself. What lies below an added folder is covered by it. */
export const toggle = (selection: Selection, path: string): Selection => {
  const next = new Set([...selection].filter((each) => each !== path && !isBelow(each, path)));
  if (!selection.has(path)) next.add(path);
  return next;
};

/** Adds or takes away all these paths. */
export const toggleAll = (selection: Selection, paths: readonly string[], isOn: boolean): Selection =>
  paths.reduce<Selection>(
    (next, path) => (isOn === next.has(path) || choiceOf(next, path) === 'inherited' ? next : toggle(next, path)),
    selection,
  );

/** The folders from the root to a path: `/a/b` gives `/`, `/a`, `/a/b`. */
export const foldersTo = (path: string): { readonly name: string; readonly path: string }[] => {
  const names = path.split('/').filter(Boolean);
  return [{ name: '/', path: '/' }, ...names.map((name, index) => ({ name, path: `/${names.slice(0, index + 1).join('/')}` }))];
};
