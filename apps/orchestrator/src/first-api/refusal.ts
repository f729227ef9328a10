import { HttpRefusal } from '../http/problems.ts';

const kinds: Readonly<Record<number, 'invalid-input' | 'denied' | 'not-found' | 'conflict' | 'unavailable'>> = {
  400: 'invalid-input',
  401: 'denied',
  403: 'denied',
  404: 'not-found',
  408: 'unavailable',
  409: 'conflict',
  413: 'invalid-input',
  422: 'invalid-input',
  429: 'denied',
  503: 'unavailable',
};

/** A refusal in the words of the first API: `detail` is what its clients read, where they know it word for word. */
export function refuse(status: number, code: string, detail: string, retryAfterSeconds?: number): HttpRefusal {
  return new HttpRefusal(status, { kind: kinds[status] ?? 'invalid-input', code, message: detail }, retryAfterSeconds);
}
