import { describe, expect, it } from 'vitest';
import { splitCommand } from './split-command.ts';

describe('a password command', () => {
  it.each([
    ['pass show backup', ['pass', 'show', 'backup']],
    [`sh -c 'echo "a b"'`, ['sh', '-c', 'echo "a b"']],
    ['cat my\\ file', ['cat', 'my file']],
    [`printf ""`, ['printf', '']],
    ['a"b c"d', ['ab cd']],
  ])('splits %s', (command, words) => expect(splitCommand(command)).toEqual(words));

  it.each(["echo 'open", ''])('refuses %j', (command) => {
    expect(() => splitCommand(command)).toThrow(expect.objectContaining({ kind: 'invalid-input', code: 'usage' }));
  });
});
