import type { Problem } from '@fortfail/protocol';

/** A refused request, thrown by a handler and answered as a problem. */
export class Refusal extends Error {
  readonly problem: Omit<Problem, 'requestId'>;
  constructor(status: number, kind: string, code: string, detail: string, more: Partial<Problem> = {}) {
    super(detail);
    this.problem = { type: `https://fortfail.example/problems/${code}`, title: code, status, detail, kind, code, ...more };
  }
}

/** What is not there. */
export const missing = (what: string, id: string): Refusal =>
  new Refusal(404, 'not-found', `${what}-not-found`, `unable to find ${what} '${id}'`, { hint: 'It may have been deleted.' });
