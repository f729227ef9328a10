import type { ByteString } from './path.ts';

/**
 * One path component's pattern with the meaning of Go's `filepath.Match` on Unix: `*` any bytes but `/`, `?` one
 * character, `[a-z]` and `[^a-z]` classes of characters, `\` takes the next character as it is. Texts are byte strings;
 * `?` and classes take a whole UTF-8 character, and one byte where the bytes are no UTF-8.
 */
export interface Glob {
  matches(text: ByteString): boolean;
}

type Token =
  | { readonly kind: 'literal'; readonly byte: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly (readonly [number, number])[] };

/** What stands between two stars. */
interface Chunk {
  readonly afterStar: boolean;
  readonly tokens: readonly Token[];
}

const replacement = 0xfffd;

/** The character at `at` as Go decodes it: code point and length in bytes, U+FFFD of length 1 for invalid bytes. */
function characterAt(text: ByteString, at: number): { readonly code: number; readonly length: number } {
  const first = text.charCodeAt(at);
  if (first < 0x80) return { code: first, length: 1 };
  const length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc2 && first < 0xe0 ? 2 : 1;
  if (length === 1 || at + length > text.length) return { code: replacement, length: 1 };
  let code = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) {
    const next = text.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return { code: replacement, length: 1 };
    code = (code << 6) | (next & 0x3f);
  }
  const isOverlong = (length === 3 && code < 0x800) || (length === 4 && code < 0x10000);
  const isOutside = code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
  return isOverlong || isOutside ? { code: replacement, length: 1 } : { code, length };
}

class PatternReader {
  readonly #pattern: ByteString;
  at = 0;

  constructor(pattern: ByteString) {
    this.#pattern = pattern;
  }

  get char(): string | undefined {
    return this.#pattern[this.at];
  }

  /** One member of a class, perhaps escaped; undefined when malformed. */
  classMember(): number | undefined {
    if (this.char === undefined || this.char === '-' || this.char === ']') return undefined;
    if (this.char === '\\') this.at += 1;
    if (this.char === undefined) return undefined;
    const { code, length } = characterAt(this.#pattern, this.at);
    if (code === replacement && length === 1) return undefined;
    this.at += length;
    return this.char === undefined ? undefined : code;
  }

  /** The class after its `[`; undefined when malformed. */
  class(): Token | undefined {
    const isNegated = this.char === '^';
    if (isNegated) this.at += 1;
    const ranges: [number, number][] = [];
    while (this.char !== ']' || ranges.length === 0) {
      const low = this.classMember();
      if (low === undefined) return undefined;
      let high: number | undefined = low;
      if (this.char === '-') {
        this.at += 1;
        high = this.classMember();
        if (high === undefined) return undefined;
      }
      ranges.push([low, high]);
    }
    this.at += 1;
    return { kind: 'class', isNegated, ranges };
  }
}

function parse(pattern: ByteString): Chunk[] | undefined {
  const chunks: Chunk[] = [];
  const reader = new PatternReader(pattern);
  let tokens: Token[] = [];
  let afterStar = false;
  for (let char = reader.char; char !== undefined; char = reader.char) {
    reader.at += 1;
    if (char === '*') {
      if (tokens.length > 0) chunks.push({ afterStar, tokens });
      tokens = [];
      afterStar = true;
    } else if (char === '?') {
      tokens.push({ kind: 'any' });
    } else if (char === '[') {
      const parsed = reader.class();
      if (parsed === undefined) return undefined;
      tokens.push(parsed);
    } else {
      const literal = char === '\\' ? reader.char : char;
      if (literal === undefined) return undefined;
      if (char === '\\') reader.at += 1;
      tokens.push({ kind: 'literal', byte: literal });
    }
  }
  if (tokens.length > 0 || afterStar) chunks.push({ afterStar, tokens });
  return chunks;
}

/** Where the text stands after the tokens matched from `at`; -1 when they do not. */
function matchTokens(tokens: readonly Token[], text: ByteString, from: number): number {
  let at = from;
  for (const token of tokens) {
    if (at >= text.length) return -1;
    if (token.kind === 'literal') {
      if (text[at] !== token.byte) return -1;
      at += 1;
      continue;
    }
    const { code, length } = characterAt(text, at);
    if (token.kind === 'any') {
      if (code === 0x2f) return -1;
    } else {
      const isMember = token.ranges.some(([low, high]) => low <= code && code <= high);
      if (isMember === token.isNegated) return -1;
    }
    at += length;
  }
  return at;
}

function matchChunks(chunks: readonly Chunk[], text: ByteString): boolean {
  let at = 0;
  for (const [index, { afterStar, tokens }] of chunks.entries()) {
    const isLast = index === chunks.length - 1;
    if (afterStar && tokens.length === 0) return !text.includes('/', at);
    let end = matchTokens(tokens, text, at);
    if (afterStar) {
      while (end < 0 || (isLast && end < text.length)) {
        if (at >= text.length || text[at] === '/') return false;
        at += 1;
        end = matchTokens(tokens, text, at);
      }
    }
    if (end < 0) return false;
    at = end;
  }
  return at === text.length;
}

/** Compiles a pattern; undefined when it is malformed (an open class, a lone backslash at the end). */
export function compileGlob(pattern: ByteString): Glob | undefined {
  const chunks = parse(pattern);
  if (chunks === undefined) return undefined;
  const simpleEnding = /^\*([^*?[\]\\/]+)$/.exec(pattern)?.[1];
  // `*.o` and its like are most of all real patterns.
  if (simpleEnding !== undefined) {
    return { matches: (text) => text.endsWith(simpleEnding) && !text.slice(0, -simpleEnding.length).includes('/') };
  }
  return { matches: (text) => matchChunks(chunks, text) };
}

/** True when the pattern would match something else than itself. */
export function hasGlobMeta(pattern: ByteString): boolean {
  return /[*?[\\]/.test(pattern);
}
