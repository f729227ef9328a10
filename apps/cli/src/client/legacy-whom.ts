import { FortFailError } from '@fortfail/base';

/** Whom a verb of the first API is about: an agent id, or null for the pool. Throws `invalid-input` unless it is one of both. */
export function legacyWhom(options: { readonly agent: string | undefined; readonly pool: boolean }): string | null {
  if (options.agent !== undefined && !options.pool) return options.agent;
  if (options.agent === undefined && options.pool) return null;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'whom',
    message: 'unable to tell for whom',
    hint: 'Give --agent ID.',
  });
}
