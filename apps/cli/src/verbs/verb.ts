import type { CommandContext } from '../command-context.ts';
import type { ExitFamily } from '../exit.ts';
import type { GlobalOptions } from './global-options.ts';
import type { OptionTable, Values } from './option.ts';

/** Everything one call of a verb has: its own options, restic's global ones, arguments, and the world outside. */
export interface Call<O extends OptionTable> {
  readonly options: Values<O>;
  readonly globals: Values<GlobalOptions>;
  readonly args: readonly string[];
  readonly context: CommandContext;
}

/** What a command module exports as `perform`: does the verb and answers with the exit code. */
export type Perform<O extends OptionTable> = (call: Call<O>) => Promise<number>;

export interface VerbDeclaration<O extends OptionTable> {
  /** As typed: `backup`, `key list`. */
  readonly name: string;
  /** Commander's notation, `[paths...]`; empty when the verb takes none. */
  readonly args: string;
  readonly summary: string;
  /** Further lines of `--help`. */
  readonly description?: string;
  readonly family: ExitFamily;
  readonly options: O;
  /** Lines `3  text` for this verb's `--help`. */
  readonly exits: readonly string[];
  /** The command that usually follows. */
  readonly next: string;
  /** Loads the code only when the verb is used: start-up of the others does not pay for it. */
  load(): Promise<{ readonly perform: Perform<O> }>;
}

/** A verb whose option types have been forgotten, to stand in one list with the others. */
export type Verb = Omit<VerbDeclaration<OptionTable>, 'load'> & { load(): Promise<{ readonly perform: Perform<OptionTable> }> };

/** Checks a declaration against its command module, then forgets the types. */
export function defineVerb<const O extends OptionTable>(declaration: VerbDeclaration<O>): Verb {
  return declaration as unknown as Verb;
}

/** Exit lines of every verb that works on a repository. */
export const repositoryExits: readonly string[] = [
  '0  done',
  '1  an error; nothing was done, or what was done is said above',
  '10  the repository does not exist',
  '11  the repository is locked',
  '12  wrong password',
  '130  interrupted',
];
