import { FortFailError } from '@fortfail/base';

/** Splits a command into words as restic does: quotes group, a backslash takes the next character as it is. No shell. */
export function splitCommand(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < command.length; index += 1) {
    const character = command[index] ?? '';
    if (character === '\\' && quote === '') {
      index += 1;
      word = (word ?? '') + (command[index] ?? '');
    } else if (quote !== '' ? character === quote : character === '"' || character === "'") {
      quote = quote === '' ? character : '';
      word ??= '';
    } else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (word !== undefined) words.push(word);
  if (quote === '' && words.length > 0) return words;
  const message = `unable to split command '${words[0] ?? ''}': ${quote === '' ? 'it is empty' : 'a quote is not closed'}`;
  throw new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint: 'Quote it as for a shell.' });
}
