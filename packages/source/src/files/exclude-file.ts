import { type ByteString, byteString } from './path.ts';
import { decodeTextFile, readListFile, textLines, trimLine } from './text-file.ts';

/** Looks up an environment variable; undefined when it is not set. */
export type VariableLookup = (name: string) => string | undefined;

const shellSpecial = /[*#$@!?\-0-9]/;

interface VariableName {
  readonly name: string;
  /** How many characters after the `$` belong to it. */
  readonly width: number;
}

/** The name after a `$` by the rules of Go's `os.Expand`. */
function variableName(rest: ByteString): VariableName {
  if (rest[0] === '{') {
    if (rest.length > 2 && shellSpecial.test(rest[1] ?? '') && rest[2] === '}') return { name: rest[1] ?? '', width: 3 };
    const end = rest.indexOf('}', 1);
    if (end < 0) return { name: '', width: 1 };
    return end === 1 ? { name: '', width: 2 } : { name: rest.slice(1, end), width: end + 1 };
  }
  if (shellSpecial.test(rest[0] ?? '')) return { name: rest[0] ?? '', width: 1 };
  const name = /^[A-Za-z0-9_]*/.exec(rest)?.[0] ?? '';
  return { name, width: name.length };
}

/** Replaces `$NAME` and `${NAME}`; `$$` is a dollar, an unset variable is nothing, a lone `$` stays. */
export function expandVariables(line: ByteString, lookup: VariableLookup): ByteString {
  let expanded = '';
  let at = 0;
  while (at < line.length) {
    const dollar = line.indexOf('$', at);
    if (dollar < 0 || dollar + 1 >= line.length) return expanded + line.slice(at);
    expanded += line.slice(at, dollar);
    const { name, width } = variableName(line.slice(dollar + 1));
    if (name === '$') expanded += '$';
    else if (name !== '') expanded += byteString(lookup(name) ?? '');
    else if (width === 0) expanded += '$';
    at = dollar + 1 + width;
  }
  return expanded;
}

/** Patterns of an `--exclude-file`: trimmed lines without blank ones and `#` comments, variables filled in. */
export function parseExcludeFile(bytes: Buffer, lookup: VariableLookup): Buffer[] {
  const patterns: Buffer[] = [];
  for (const raw of textLines(decodeTextFile(bytes), 'exclude')) {
    const line = trimLine(raw);
    if (line !== '' && !line.startsWith('#')) patterns.push(Buffer.from(expandVariables(line, lookup), 'latin1'));
  }
  return patterns;
}

/** Reads and parses an `--exclude-file`. Throws `not-found` and the like when it cannot be read. */
export function readExcludeFile(path: string, lookup: VariableLookup): Buffer[] {
  return parseExcludeFile(readListFile(path, 'exclude'), lookup);
}
