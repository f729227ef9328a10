type Path = readonly (string | number)[];

/** One value somewhere in an order, and what it is instead. */
export interface Mutation {
  readonly path: Path;
  /** The last name on the path. */
  readonly field: string;
  readonly value: unknown;
}

/** Fields that lead somewhere on the host. */
const leading = /^(location|paths|target|restoreId|drillId|catalogCopy|include|id|sealed)$/;

/** Every way to change one value of an order, at every depth: to `anywhere`, and where it leads somewhere also to `places`. */
export function mutationsOf(payload: object, anywhere: readonly unknown[], places: readonly unknown[]): Mutation[] {
  return leavesOf(payload).flatMap((path) => {
    const field = String(path.findLast((part) => typeof part === 'string'));
    const isKind = path.length === 1 && field === 'kind';
    const values = isKind ? ['run', 'update', 'hook', '__proto__'] : leading.test(field) ? [...anywhere, ...places] : anywhere;
    return values.map((value) => ({ path, field, value }));
  });
}

function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, Array.isArray(value) ? Number(key) : key]));
  return path.length === 0 ? below : [...below, path];
}

/** The same with one value changed. */
export function changed<T>(value: T, path: Path, to: unknown): T {
  const [first, ...rest] = path;
  if (first === undefined) return to as T;
  if (Array.isArray(value)) return value.map((item, index) => (index === first ? changed(item, rest, to) : item)) as T;
  return { ...value, [first]: changed((value as Record<string, unknown>)[first], rest, to) };
}
