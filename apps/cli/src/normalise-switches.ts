import { allVerbs } from './verbs/all-verbs.ts';
import { globalOptions } from './verbs/global-options.ts';
import type { OptionTable } from './verbs/option.ts';

const trueWords = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const falseWords = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

const tables: readonly OptionTable[] = [globalOptions, ...allVerbs.map((verb) => verb.options)];

/**
 * Writes Go's forms of switches, which scripts made for restic use, in the plain form: `--json=true` is `--json`,
 * `--json=false` is nothing, `--verbose=2` is `-v -v`. What is the value of another option is left alone.
 */
export function normaliseSwitches(args: readonly string[]): string[] {
  const options = tables.flatMap((table) => Object.values(table));
  const names = (takesValue: boolean): Set<string> =>
    new Set(options.filter((spec) => (spec.parse !== undefined) === takesValue).flatMap((spec) => spec.flags.match(/-{1,2}[\w-]+/g) ?? []));
  const withValue = names(true);
  const switches = names(false);
  const result: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === '--') return [...result, ...args.slice(index)];
    const match = /^(--[a-z-]+)=(\w+)$/.exec(arg);
    const [, name = '', value = ''] = match ?? [];
    const isValue = withValue.has(args[index - 1] ?? '');
    if (isValue || !switches.has(name)) result.push(arg);
    else if (name === '--verbose' && /^[0-9]$/.test(value)) result.push(...Array.from({ length: Number(value) }, () => '-v'));
    else if (trueWords.includes(value)) result.push(name);
    else if (!falseWords.includes(value)) result.push(arg);
  }
  return result;
}
