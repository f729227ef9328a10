import { FortFailError } from '@fortfail/base';

/** One option, declared once: parser, `--help` and the values a command gets all derive from it. */
export interface OptionSpec<V> {
  /** Commander's notation: `-e, --exclude <pattern>`. */
  readonly flags: string;
  readonly doc: string;
  /** What the command sees when the option is absent. */
  readonly absent: V;
  /** Value from the text given on the command line; undefined for switches. `previous` is what earlier uses gave. */
  readonly parse: ((text: string, previous: V) => V) | undefined;
  /** Repeated switches count (`-vv`); everything else takes the last use, lists take all. */
  readonly counts: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds options of any value type; `Values` gives each its own back.
export type OptionTable = Readonly<Record<string, OptionSpec<any>>>;

/** What a command gets: each option's value under its key in the table. */
export type Values<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends OptionSpec<infer V> ? V : never };

/** Turns text into a value or throws by calling `refuse` with what it must look like. */
export type ValueParser<V> = (text: string, refuse: (expected: string) => never) => V;

function withRefusal<V>(flags: string, parser: ValueParser<V>): (text: string) => V {
  return (text) =>
    parser(text, (expected) => {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'usage',
        message: `invalid argument '${text}' for '${flags.replace(/ [<[].*$/, '')}': must be ${expected}`,
      });
    });
}

const base = { counts: false } as const;

/** A switch: present or not. */
export function flag(flags: string, doc: string): OptionSpec<boolean> {
  return { ...base, flags, doc, absent: false, parse: undefined };
}

/** A switch that may be given several times and counts. */
export function count(flags: string, doc: string): OptionSpec<number> {
  return { ...base, flags, doc, absent: 0, parse: undefined, counts: true };
}

/** A text, the last one given. */
export function text(flags: string, doc: string): OptionSpec<string | undefined> {
  return { ...base, flags, doc, absent: undefined, parse: (value) => value };
}

/** A parsed value, the last one given. */
export function value<V>(flags: string, doc: string, parser: ValueParser<V>): OptionSpec<V | undefined> {
  const parse = withRefusal(flags, parser);
  return { ...base, flags, doc, absent: undefined, parse };
}

/** A parsed value with a default. */
export function valueOr<V>(flags: string, doc: string, absent: V, parser: ValueParser<V>): OptionSpec<V> {
  const parse = withRefusal(flags, parser);
  return { ...base, flags, doc, absent, parse };
}

/** Texts in the order given. */
export function list(flags: string, doc: string): OptionSpec<readonly string[]> {
  return { ...base, flags, doc, absent: [], parse: (value, previous) => [...previous, value] };
}

/** Parsed values in the order given. */
export function values<V>(flags: string, doc: string, parser: ValueParser<V>): OptionSpec<readonly V[]> {
  const parse = withRefusal(flags, parser);
  return { ...base, flags, doc, absent: [], parse: (given, previous) => [...previous, parse(given)] };
}
