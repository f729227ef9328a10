import type { Verb } from '../verbs/verb.ts';

/** What stands below the options of a verb: its exit codes and the command that usually follows. */
export function verbHelp(verb: Verb): string {
  return `\nExit codes:\n${verb.exits.map((line) => `  ${line}`).join('\n')}\n\nNext: ${verb.next}\n`;
}

/** What stands below the list of verbs. */
export function programHelp(): string {
  return [
    '',
    "restic's verbs take restic's options and environment variables and answer with restic's exit codes:",
    '0 done, 1 error, 3 incomplete, 10 no repository, 11 locked, 12 wrong password, 130 interrupted.',
    "FortFail's own verbs add: 2 usage, 20 not found, 21 conflict, 22 denied, 23 retained, 24 unavailable, 25 damaged, 26 no space.",
    '',
    'Next: fortfail start --protect PATH',
    '',
  ].join('\n');
}
