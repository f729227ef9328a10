import { FortFailError } from '@fortfail/base';
import { compileGlob, type Glob } from './glob.ts';
import { type ByteString, byteString, cleanPath, pathBytes, pathText } from './path.ts';

/** One component of a pattern: a literal, a glob, or undefined for `**`. */
type Part = string | Glob | undefined;

interface Pattern {
  readonly parts: readonly Part[];
  readonly isNegated: boolean;
}

const anyName: Glob = { matches: (text) => !text.includes('/') };

/** Components of a path or pattern; the first one of an absolute path is `/`. */
export function splitPath(path: ByteString): string[] {
  const parts = path.split('/');
  if (parts[0] === '') parts[0] = '/';
  return parts;
}

function parsePattern(text: ByteString): Pattern | undefined {
  const isNegated = text.startsWith('!');
  const parts: Part[] = [];
  for (const part of splitPath(cleanPath(isNegated ? text.slice(1) : text))) {
    if (part === '**' || part === '') parts.push(undefined);
    else if (/[\\[\]*?]/.test(part)) {
      const glob = compileGlob(part);
      if (glob === undefined) return undefined;
      parts.push(glob);
    } else parts.push(part);
  }
  return { parts, isNegated };
}

function matchesAt(parts: readonly Part[], path: readonly string[], offset: number): boolean {
  for (let i = parts.length - 1; i >= 0; i -= 1) {
    const part = parts[i];
    const name = path[offset + i] ?? '';
    if (typeof part === 'string' ? part !== name : part === undefined || !part.matches(name)) return false;
  }
  return true;
}

/** A match ends anywhere in the path, not only at its last name: what lies below a matched folder matches too. */
function matchParts(parts: readonly Part[], path: readonly string[]): boolean {
  const wildcard = parts.indexOf(undefined);
  if (wildcard >= 0) {
    const before = parts.slice(0, wildcard);
    const after = parts.slice(wildcard + 1);
    const stars: Part[] = [];
    for (let i = 0; i <= path.length - parts.length + 1; i += 1) {
      if (i > 0) stars.push(anyName);
      if (matchParts([...before, ...stars, ...after], path)) return true;
    }
    return false;
  }
  if (parts.length === 0) return path.length === 0;
  if (parts.length > path.length) return false;
  const isAnchored = parts[0] === '/';
  const last = isAnchored ? 0 : path.length - parts.length;
  const first = !isAnchored && path[0] === '/' ? 1 : 0;
  for (let offset = last; offset >= first; offset -= 1) {
    if (matchesAt(parts, path, offset)) return true;
  }
  return false;
}

/** True when something below `path` could match the pattern. */
function mayMatchBelow(pattern: Pattern, path: readonly string[]): boolean {
  if (pattern.parts[0] !== '/') return true;
  const wildcard = pattern.parts.indexOf(undefined);
  const known = wildcard >= 0 && path.length >= wildcard ? path.slice(0, wildcard) : path;
  return matchParts(pattern.parts.slice(0, Math.min(known.length, pattern.parts.length)), known);
}

/** Go's `unicode.ToLower` for each character: without the longer forms and the final sigma of JavaScript's. */
function lowerCase(path: ByteString): ByteString {
  if (!/[\x80-\xff]/.test(path)) return path.toLowerCase();
  let lower = '';
  for (const char of pathBytes(path).toString('utf8')) {
    const changed = char.toLowerCase();
    lower += char === '\u0130' ? 'i' : [...changed].length === 1 ? changed : char;
  }
  return byteString(lower);
}

/** Patterns and how they were named, for the message about malformed ones. */
export interface PatternListOptions {
  readonly ignoreCase?: boolean;
  /** The option the patterns came by, e.g. `--exclude`. */
  readonly option?: string;
}

/**
 * restic's pattern list: each pattern is matched part by part (`*` within a name, `**` over any number of names, a
 * leading `/` anchors), later patterns win, and `!pattern` takes back what earlier ones matched.
 */
export class PatternList {
  readonly #patterns: readonly Pattern[];
  readonly #hasNegated: boolean;
  readonly #ignoreCase: boolean;

  /** Empty patterns are ignored. Throws `invalid-input` naming every malformed pattern. */
  constructor(patterns: Iterable<string | Uint8Array>, options: PatternListOptions = {}) {
    this.#ignoreCase = options.ignoreCase === true;
    const parsed: Pattern[] = [];
    const malformed: string[] = [];
    for (const given of patterns) {
      const text = byteString(given);
      if (text === '') continue;
      const pattern = parsePattern(this.#ignoreCase ? lowerCase(text) : text);
      if (pattern === undefined) malformed.push(pathText(pathBytes(text)));
      else parsed.push(pattern);
    }
    if (malformed.length > 0) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'pattern',
        message: `invalid pattern(s) provided for ${options.option ?? '--exclude'}: ${malformed.join(', ')}`,
        hint: 'Close every [class] and put no single backslash at the end; \\[ stands for the bracket itself.',
      });
    }
    this.#patterns = parsed;
    this.#hasNegated = parsed.some((pattern) => pattern.isNegated);
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** Whether the path (as `splitPath` cuts it) is matched. */
  matches(path: readonly string[]): boolean {
    const names = this.#ignoreCase ? path.map(lowerCase) : path;
    let isMatched = false;
    for (const pattern of this.#patterns) {
      // Only a pattern that would change the answer needs to be looked at.
      if (pattern.isNegated === isMatched && matchParts(pattern.parts, names)) isMatched = !pattern.isNegated;
      if (isMatched && !this.#hasNegated) return true;
    }
    return isMatched;
  }

  /** `matches`, and whether anything below the path may match: what a restore with `--include` needs to descend. */
  matchesWithChildren(path: readonly string[]): { readonly isMatched: boolean; readonly childMayMatch: boolean } {
    const names = this.#ignoreCase ? path.map(lowerCase) : path;
    let isMatched = false;
    let childMayMatch = false;
    for (const pattern of this.#patterns) {
      const matched = matchParts(pattern.parts, names);
      if (pattern.isNegated) {
        if (matched) {
          isMatched = false;
          childMayMatch = false;
        }
        continue;
      }
      isMatched ||= matched;
      childMayMatch ||= mayMatchBelow(pattern, names);
    }
    return { isMatched, childMayMatch };
  }
}

/** `--exclude` and `--iexclude` together: a path is out when either list matches it. */
export class ExcludeMatcher {
  readonly #lists: readonly PatternList[];

  constructor(lists: Iterable<PatternList>) {
    this.#lists = [...lists].filter((list) => !list.isEmpty);
  }

  /** From plain patterns, as given on a command line or in a plan. Throws `invalid-input` for a malformed one. */
  static of(patterns: Iterable<string | Uint8Array>, ignoringCase: Iterable<string | Uint8Array> = []): ExcludeMatcher {
    return new ExcludeMatcher([
      new PatternList(ignoringCase, { ignoreCase: true, option: '--iexclude' }),
      new PatternList(patterns, { option: '--exclude' }),
    ]);
  }

  get isEmpty(): boolean {
    return this.#lists.length === 0;
  }

  /** Whether the cut path is excluded; the walk's fast way. */
  excludesParts(path: readonly string[]): boolean {
    for (const list of this.#lists) if (list.matches(path)) return true;
    return false;
  }

  /** Whether an absolute path is excluded. */
  excludes(path: string | Uint8Array): boolean {
    return this.excludesParts(splitPath(byteString(path)));
  }
}
