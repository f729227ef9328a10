import { asFortFailError } from '@fortfail/base';
import type { TextSink } from '../command-context.ts';

/** Reports why a command ended: `Fatal: ...` and the hint, or restic's `exit_error` line. Only a bug shows its stack. */
export function renderFailure(thrown: unknown, code: number, json: boolean, stderr: TextSink): void {
  const error = asFortFailError(thrown);
  const lines = [`${error.kind === 'incomplete' ? 'Warning' : 'Fatal'}: ${error.message}`];
  if (error.hint !== undefined) lines.push(error.hint);
  if (error.kind === 'bug') {
    lines.push('This is a bug in FortFail. Please report it with the lines below.');
    const origin = error.cause instanceof Error ? error.cause : error;
    if (!json) lines.push(origin.stack ?? String(origin));
  }
  if (json) stderr.write(`${JSON.stringify({ message_type: 'exit_error', code, message: lines.join('\n') })}\n`);
  else stderr.write(`${lines.join('\n')}\n`);
}
