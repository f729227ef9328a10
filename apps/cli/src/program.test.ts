import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from './program.ts';
import { recordedContext } from './testing/recorded-context.ts';
import { resticPath } from './testing/run-cli.ts';
import { allVerbs } from './verbs/all-verbs.ts';

const parse = (...args: string[]) => parseCommandLine(args, recordedContext().context);

function refusal(...args: string[]): UsageError {
  try {
    parse(...args);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`'${args.join(' ')}' was not refused`);
}

describe('the command line', () => {
  it.each(['-r place snapshots', 'snapshots -r place', '--repo=place snapshots'])(
    'takes global options before and after the verb: %s',
    (line) => {
      const call = parse(...line.split(' '));
      expect([call?.verb.name, call?.globals.repo]).toEqual(['snapshots', 'place']);
    },
  );

  it('takes them between the words of a verb of two', () => {
    expect(parse('key', '--repo', 'place', 'list')).toMatchObject({ verb: { name: 'key list' }, globals: { repo: 'place' } });
  });

  it('lets the option nearest to the verb win', () => {
    expect(parse('-r', 'first', 'snapshots', '-r', 'second')?.globals.repo).toBe('second');
  });

  it.each([['-vv'], ['-v', '-v'], ['--verbose=2'], ['--verbose', '--verbose']])('counts %s %s as two', (...flags) => {
    expect(parse('backup', ...flags, 'path')?.globals.verbose).toBe(2);
  });

  it("takes Go's forms of switches, and leaves values alone that look like them", () => {
    expect(parse('snapshots', '--json=true', '--quiet=false')?.globals).toMatchObject({ json: true, quiet: false });
    expect(parse('backup', '--exclude', '--json=true', 'path')).toMatchObject({
      options: { exclude: ['--json=true'] },
      globals: { json: false },
    });
    expect(parse('backup', '--', '--json=true')?.args).toEqual(['--json=true']);
  });

  it('collects repeated lists in order', () => {
    expect(parse('backup', '-e', 'b', '--exclude=a', '--tag', 'x,y', '--tag', 'z', 'path')?.options).toMatchObject({
      exclude: ['b', 'a'],
      tag: [['x', 'y'], ['z']],
    });
  });

  it('reads the switches that say no', () => {
    expect(parse('backup', '--no-scan', '--no-lock', 'path')).toMatchObject({
      options: { noScan: true },
      globals: { noLock: true, noCache: false },
    });
  });

  it('tells an empty grouping from none', () => {
    expect(parse('forget', '--group-by', '')?.options.groupBy).toEqual({ host: false, paths: false, tags: false });
    expect(parse('forget')?.options.groupBy).toBeUndefined();
  });
});

describe('what it refuses', () => {
  it.each(allVerbs.map(({ name, args, family }) => [name, args.startsWith('<') ? ['x'] : [], family] as const))(
    'an unknown flag of %s',
    (name, args, family) => {
      const error = refusal(...name.split(' '), '--no-such-flag', ...args);
      expect(error.message).toContain('--no-such-flag');
      expect([error.family, error.hint]).toEqual([family, `Run \`fortfail ${name} --help\`.`]);
    },
  );

  it.each(allVerbs.filter(({ family }) => family === 'product').map(({ name }) => name))(
    "restic's global options with %s, on either side",
    (name) => {
      expect(refusal(...name.split(' '), '--repo', 'x').message).toContain('--repo');
      expect(refusal('--repo', 'x', ...name.split(' '), 'y').message).toMatch(/--repo|too many arguments/);
    },
  );

  it('an unknown verb, and arguments that a verb does not take', () => {
    expect(refusal('snapshot').message).toContain("unknown command 'snapshot'");
    expect(refusal('init', 'extra').message).toContain('too many arguments');
    expect(refusal('plan', 'show').message).toContain('missing required argument');
  });

  it.each([
    [['forget', '--keep-last', '-5'], "invalid argument '-5' for '-l, --keep-last': must be a whole number or 'unlimited'"],
    [['forget', '--keep-within', '1x'], "invalid argument '1x' for '--keep-within': must be a duration such as 1y5m7d2h"],
    [['snapshots', '--retry-lock', 'soon'], "invalid argument 'soon' for '--retry-lock': must be a duration such as 90s, 5m or 2h"],
    [['snapshots', '--compression', 'most'], "invalid argument 'most' for '--compression': must be one of auto, off, fastest, better, max"],
    [['restore', 'x', '--overwrite', 'no'], "invalid argument 'no' for '--overwrite': must be one of always, if-changed, if-newer, never"],
    [
      ['backup', '--exclude-larger-than', '5X', 'p'],
      "invalid argument '5X' for '--exclude-larger-than': must be a size such as 500, 50M or 2G",
    ],
    [['start', '--port', '70000'], "invalid argument '70000' for '--port': must be a port number from 0 to 65535"],
  ])('%j', (args, message) => {
    expect(refusal(...args).message).toBe(message);
  });
});

describe('help', () => {
  it.each(allVerbs.map(({ name }) => name))('of %s names its exit codes and what follows', (name) => {
    const { context, out } = recordedContext();
    expect(parseCommandLine([...name.split(' '), '--help'], context)).toBeUndefined();
    expect(out()).toMatch(/\nExit codes:\n {2}0 {2}/);
    expect(out()).toMatch(/\nNext: \S/);
  });

  it('is printed without any argument', () => {
    const { context, out } = recordedContext();
    expect(parseCommandLine([], context)).toBeUndefined();
    expect(out()).toContain('fortfail start --protect PATH');
  });
});

describe.skipIf(resticPath === undefined)('next to the real restic', () => {
  it.each(allVerbs.filter(({ family }) => family === 'restic').map((verb) => [verb.name, verb] as const))(
    'knows every flag of %s, and no other',
    (name, verb) => {
      const help = execFileSync(resticPath ?? '', [...name.split(' '), '--help'], { encoding: 'utf8' });
      const theirs = [...help.matchAll(/^ {2,6}(?:-(\w), )?(--[\w-]+)/gm)].flatMap(([, short, long]) => [
        long,
        ...(short === undefined ? [] : [`-${short}`]),
      ]);
      const { context, out } = recordedContext();
      parseCommandLine([...verb.name.split(' '), '--help'], context);
      const ours = [...out().matchAll(/^ {2}(?:-(\w), )?(--[\w-]+)/gm)].flatMap(([, short, long]) => [
        long,
        ...(short === undefined ? [] : [`-${short}`]),
      ]);
      expect(theirs.filter((flag) => !ours.includes(flag))).toEqual([]);
      expect(ours.filter((flag) => !theirs.includes(flag))).toEqual([]);
    },
  );
});
