import { FortFailError } from '@fortfail/base';
import type { TextSink, TextSource } from '../command-context.ts';

/** Asks on the terminal without showing what is typed. Ctrl-C ends with `cancelled`. */
export function askHidden(question: string, stdin: TextSource, stderr: TextSink): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (finish: () => void): void => {
      stdin.off('data', read);
      stdin.setRawMode?.(false);
      stdin.pause();
      stderr.write('\n');
      finish();
    };
    const read = (chunk: string | Buffer): void => {
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n') {
          end(() => resolve(typed));
          return;
        }
        if (character === '\u0003' || character === '\u0004') {
          const message = 'interrupted while asking for a password';
          end(() => reject(new FortFailError({ kind: 'cancelled', code: 'interrupted', message })));
          return;
        }
        typed = character === '\u007f' || character === '\b' ? [...typed].slice(0, -1).join('') : typed + character;
      }
    };
    stderr.write(question);
    stdin.setEncoding('utf8');
    stdin.setRawMode?.(true);
    stdin.on('data', read);
    stdin.resume();
  });
}

/** The first line of a pipe, without its end. */
export async function readLine(stdin: TextSource): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return (text.split('\n')[0] ?? '').replace(/\r$/, '');
}

const mostPiped = 8192;

/** All of a pipe, which is to hold something that people type: at most 8 KiB. Throws `invalid-input` for more. */
export async function readAll(stdin: TextSource): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > mostPiped)
      throw new FortFailError({ kind: 'invalid-input', code: 'input-long', message: 'unable to read so long an input' });
  }
  return text;
}
