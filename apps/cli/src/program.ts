import { asFortFailError, FortFailError } from '@fortfail/base';
import { Command, CommanderError, Option } from 'commander';
import type { CommandContext } from './command-context.ts';
import type { ExitFamily } from './exit.ts';
import { normaliseSwitches } from './normalise-switches.ts';
import { programHelp, verbHelp } from './render/help.ts';
import { allVerbs, groupSummaries } from './verbs/all-verbs.ts';
import { type GlobalOptions, globalOptions } from './verbs/global-options.ts';
import type { OptionTable, Values } from './verbs/option.ts';
import type { Verb } from './verbs/verb.ts';

/** A chosen verb with everything that was said on the command line, ready to be performed. */
export interface ParsedCall {
  readonly verb: Verb;
  readonly options: Values<OptionTable>;
  readonly globals: Values<GlobalOptions>;
  readonly args: readonly string[];
}

/** Where a usage error happened: in a verb, a group of verbs, or before either was recognised. */
interface Place {
  readonly name: string;
  readonly family: ExitFamily;
}

/** Wrong usage, found before anything has been done. */
export class UsageError extends FortFailError {
  readonly family: ExitFamily;

  constructor(message: string, place: Place) {
    super({ kind: 'invalid-input', code: 'usage', message, hint: `Run \`${`fortfail ${place.name}`.trim()} --help\`.` });
    this.family = place.family;
  }
}

function commanderOptions(table: OptionTable, place: Place, group?: string): Option[] {
  return Object.values(table).map((spec) => {
    const option = new Option(spec.flags, spec.doc);
    const { parse } = spec;
    if (spec.counts) option.argParser((_text, previous: number | undefined) => (previous ?? 0) + 1);
    else if (parse !== undefined) {
      option.argParser((text, previous: unknown) => {
        try {
          return parse(text, previous ?? spec.absent);
        } catch (error) {
          throw new UsageError(asFortFailError(error).message, place);
        }
      });
    }
    return group === undefined ? option : option.helpGroup(group);
  });
}

/** Values by key of the table; what was said nearer to the verb wins, lists and counts are joined. */
function readValues<T extends OptionTable>(table: T, commands: readonly Command[]): Values<T> {
  const result: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(table)) {
    const option = new Option(spec.flags);
    const name = option.attributeName();
    result[key] = spec.absent;
    for (const command of commands.filter((candidate) => candidate.getOptionValueSource(name) === 'cli')) {
      const given: unknown = command.getOptionValue(name);
      const before = result[key];
      if (option.negate) result[key] = given === false;
      else if (spec.counts) result[key] = Number(before) + Number(given);
      else result[key] = Array.isArray(given) && Array.isArray(before) ? [...before, ...given] : given;
    }
  }
  // Each key holds what its own declaration made of the text: the types derive from the same table.
  return result as Values<T>;
}

function refuseGlobals(verb: Verb, outer: readonly Command[]): void {
  for (const command of outer) {
    const given = command.options.find((option) => command.getOptionValueSource(option.attributeName()) === 'cli');
    if (given !== undefined) throw new UsageError(`unknown option '${given.long}'`, verb);
  }
}

function prepare(command: Command, place: Place, context: CommandContext): Command {
  return command
    .helpCommand(false)
    .configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: () => undefined })
    .showSuggestionAfterError(true)
    .exitOverride((error) => {
      // A group named without its verb: restic prints the help and is content.
      if (error.code === 'commander.help') context.stdout.write(command.helpInformation());
      if (error.code === 'commander.help' || error.code === 'commander.helpDisplayed') throw error;
      throw new UsageError(error.message.replace(/^error: /, '').replaceAll('\n', ' '), place);
    });
}

function addVerb(verb: Verb, outer: readonly Command[], context: CommandContext, found: (call: ParsedCall) => void): Command {
  const command = prepare(new Command(verb.name.split(' ').at(-1)), verb, context)
    .summary(verb.summary)
    .description(verb.description === undefined ? `${verb.summary}.` : `${verb.summary}. ${verb.description}`)
    .allowExcessArguments(false)
    .helpGroup(verb.family === 'restic' ? "restic's verbs:" : 'FortFail:')
    .addHelpText('after', verbHelp(verb));
  if (verb.args !== '') command.arguments(verb.args);
  for (const option of commanderOptions(verb.options, verb)) command.addOption(option);
  if (verb.family === 'restic') for (const option of commanderOptions(globalOptions, verb, 'Global options:')) command.addOption(option);
  command.action(() => {
    const chain = [...outer, command];
    if (verb.family === 'product') refuseGlobals(verb, outer);
    found({ verb, options: readValues(verb.options, [command]), globals: readValues(globalOptions, chain), args: command.args });
  });
  outer.at(-1)?.addCommand(command);
  return command;
}

/** The commands from the program down to the group of these words; groups that are not there yet are made. */
function groupOf(words: readonly string[], verb: Verb, known: Map<string, Command>, program: Command, context: CommandContext): Command[] {
  const chain = [program];
  for (const [position, word] of words.entries()) {
    const name = words.slice(0, position + 1).join(' ');
    let group = known.get(name);
    if (group === undefined) {
      const place: Place = { name, family: verb.family };
      group = prepare(new Command(word), place, context)
        .description(groupSummaries[name] ?? '')
        .helpGroup(verb.family === 'restic' ? "restic's verbs:" : 'FortFail:')
        .enablePositionalOptions();
      for (const option of commanderOptions(globalOptions, place)) group.addOption(option.hideHelp());
      known.set(name, group);
      chain.at(-1)?.addCommand(group);
    }
    chain.push(group);
  }
  return chain;
}

function buildProgram(context: CommandContext, found: (call: ParsedCall) => void): Command {
  const nowhere: Place = { name: '', family: 'product' };
  const program = prepare(new Command('fortfail'), nowhere, context)
    .description('Backup and disaster recovery that can prove it would work.')
    .usage('VERB [options] [arguments]')
    .enablePositionalOptions()
    .addHelpText('after', programHelp());
  for (const option of commanderOptions(globalOptions, nowhere)) program.addOption(option.hideHelp());
  // A verb may be a group as well: `agent` and `agent show`.
  const known = new Map<string, Command>();
  for (const verb of allVerbs) {
    const chain = groupOf(verb.name.split(' ').slice(0, -1), verb, known, program, context);
    known.set(verb.name, addVerb(verb, chain, context, found).enablePositionalOptions());
  }
  return program;
}

/**
 * What the command line asks for; undefined when it asked for help, which has then been printed. Throws `UsageError`
 * for everything unknown or malformed, before anything has been done.
 */
export function parseCommandLine(args: readonly string[], context: CommandContext): ParsedCall | undefined {
  let call: ParsedCall | undefined;
  const program = buildProgram(context, (parsed) => {
    call = parsed;
  });
  const words = args.length === 0 ? ['--help'] : args[0] === 'help' ? [...args.slice(1), '--help'] : normaliseSwitches(args);
  try {
    program.parse(words, { from: 'user' });
  } catch (error) {
    // Commander reports printed help as an error.
    if (error instanceof CommanderError) return undefined;
    throw error;
  }
  return call;
}
