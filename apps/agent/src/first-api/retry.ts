import { type Clock, FortFailError, isFortFailError } from '@fortfail/base';
import type { Answer } from './exchange.ts';
import { textOf } from './exchange.ts';

const retries = 5;
const longestPauseMs = 60_000;
const passing: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/**
 * Makes a call, and makes it again up to five times, after 1, 2, 4, 8 and 16 seconds or what the answer asks for, when there
 * was no answer or one that will pass. Throws `unavailable` when it does not pass; any other answer is the caller's.
 */
export async function withRetries(clock: Clock, signal: AbortSignal, what: string, call: () => Promise<Answer>): Promise<Answer> {
  for (let tried = 0; ; tried += 1) {
    let pauseMs = 1000 * 2 ** tried;
    try {
      const answer = await call();
      if (!passing.has(answer.status)) return answer;
      const detail = await detailOf(answer);
      if (tried >= retries) {
        const message = `unable to ${what}: the orchestrator answers ${answer.status}${detail === '' ? '' : ` (${detail})`}`;
        throw new FortFailError({ kind: 'unavailable', code: 'keeps-failing', message });
      }
      pauseMs = Math.max(pauseMs, Math.min(longestPauseMs, 1000 * (Number(answer.headers['retry-after']) || 0)));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (tried >= retries || !isFortFailError(error, 'unavailable')) throw error;
    }
    await clock.sleep(pauseMs, signal);
  }
}

/** What a refusal says for people: its `detail`, on one line and not too long. */
export async function detailOf(answer: Answer): Promise<string> {
  let text: string;
  try {
    text = await textOf(answer);
  } catch (error) {
    // The status says enough.
    if (isFortFailError(error)) return '';
    throw error;
  }
  return oneLine(detailIn(text) ?? text);
}

function detailIn(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'detail' in parsed && typeof parsed.detail === 'string') return parsed.detail;
    return undefined;
  } catch {
    // A proxy's page.
    return undefined;
  }
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
