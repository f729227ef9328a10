import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { FortFailError } from '@fortfail/base';

export interface ProtectedPaths {
  /** Absolute, links resolved, each once. */
  readonly found: readonly string[];
  /** As typed, with what is wrong with each. */
  readonly missing: readonly { readonly path: string; readonly reason: string }[];
}

/** Whether `inner` is `outer` or lies below it. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of it is not a folder',
  EACCES: 'it may not be entered',
  ELOOP: 'its links go round in a circle',
};

/**
 * Finds the paths to protect. Links are resolved, so that what they lead to is protected and not the link. Throws
 * `no-source` when paths were named and none is left, and refuses FortFail's own data, which has a plan of its own.
 */
export async function findProtectedPaths(typed: readonly string[], from: string, data: string): Promise<ProtectedPaths> {
  const found = new Set<string>();
  const missing: { path: string; reason: string }[] = [];
  for (const path of typed) {
    try {
      found.add(await realpath(resolve(from, path)));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      missing.push({ path, reason: reasons[code] ?? `the system says ${code}` });
    }
  }
  for (const path of found) {
    if (!isWithin(path, data)) continue;
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'own-data',
      message: `unable to protect '${path}', it is part of FortFail's own data folder`,
      hint: "FortFail's configuration, catalog and audit are protected anyway, by the plan fortfail-itself.",
    });
  }
  if (typed.length > 0 && found.size === 0) {
    const [first] = missing;
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'no-source',
      message:
        missing.length === 1
          ? `unable to protect '${first?.path ?? ''}': ${first?.reason ?? ''}`
          : `unable to protect any of ${missing.map(({ path }) => `'${path}'`).join(', ')}: none of them can be found`,
      hint: 'Name an existing file or folder with --protect. Nothing was written.',
    });
  }
  return { found: [...found], missing };
}

/** The name of the plan for a path: `/usr/share/doc` is `usr-share-doc`; a taken name gets a digest of the path. */
export function planName(path: string, taken: ReadonlySet<string>): string {
  const plain = path
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 50);
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const name = plain === '' ? (path === '/' ? 'whole-machine' : `files-${digest}`) : plain;
  return taken.has(name) ? `${name}-${digest}` : name;
}
