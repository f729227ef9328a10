import { FortFailError } from '@fortfail/base';
import { PatternList, splitPath } from '@fortfail/source';
import { pathNames } from '../inspect/find-entry.ts';
import type { RestoreRequest } from './restore-options.ts';

export interface Selected {
  readonly isSelected: boolean;
  /** Something below a folder may be selected. */
  readonly childMayBe: boolean;
}

const all: Selected = { isSelected: true, childMayBe: true };
const nothing: Selected = { isSelected: false, childMayBe: false };

/** Decides which entries of a snapshot are restored, by restic's rules for `--include` and `--exclude`. */
export class Selection {
  readonly #includes: readonly PatternList[];
  readonly #excludes: readonly PatternList[];
  readonly #paths: readonly string[];

  /** Throws `invalid-input` for a faulty pattern and for includes together with excludes. */
  constructor(request: RestoreRequest) {
    this.#includes = patternLists(request.include, request.includeIgnoringCase);
    this.#excludes = patternLists(request.exclude, request.excludeIgnoringCase);
    if (this.#includes.length > 0 && this.#excludes.length > 0) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'include-exclude',
        message: 'unable to restore, includes and excludes are mutually exclusive',
      });
    }
    this.#paths = (request.includePaths ?? []).map(
      (path) =>
        `/${Buffer.concat(pathNames(path).flatMap((name) => [slash, name]))
          .toString('latin1')
          .slice(1)}`,
    );
  }

  get selectsAll(): boolean {
    return this.#includes.length + this.#excludes.length + this.#paths.length === 0;
  }

  select(path: Buffer): Selected {
    if (this.selectsAll) return all;
    const text = path.toString('latin1');
    const byPath = this.#paths.length === 0 ? all : this.#selectPath(text);
    if (this.#includes.length + this.#excludes.length === 0 || !byPath.childMayBe) return byPath;
    const byPattern = this.#selectPattern(splitPath(text));
    return { isSelected: byPath.isSelected && byPattern.isSelected, childMayBe: byPattern.childMayBe };
  }

  #selectPath(path: string): Selected {
    if (this.#paths.some((wanted) => path === wanted || wanted === '/' || path.startsWith(`${wanted}/`))) return all;
    return this.#paths.some((wanted) => wanted.startsWith(`${path}/`)) ? { isSelected: false, childMayBe: true } : nothing;
  }

  #selectPattern(parts: readonly string[]): Selected {
    if (this.#excludes.some((list) => list.matches(parts))) return nothing;
    if (this.#includes.length === 0) return all;
    const answers = this.#includes.map((list) => list.matchesWithChildren(parts));
    return { isSelected: answers.some((answer) => answer.isMatched), childMayBe: answers.some((answer) => answer.childMayMatch) };
  }
}

const slash = Buffer.from('/');

function patternLists(patterns: readonly string[] = [], ignoringCase: readonly string[] = []): PatternList[] {
  const lists: PatternList[] = [];
  if (patterns.length > 0) lists.push(new PatternList(patterns));
  if (ignoringCase.length > 0) lists.push(new PatternList(ignoringCase, { ignoreCase: true }));
  return lists;
}
