import { flag, text, value } from './option.ts';
import { localOptions } from './product-verbs.ts';
import { wholeNumber } from './value-parsers.ts';
import { defineVerb } from './verb.ts';

const agent = text('--agent <id>', 'agent id of the first API');

export const legacyTokenCreateOptions = {
  ...localOptions,
  agent,
  pool: flag('--pool', 'a token without agent id, for an operator'),
  days: value('--days <n>', 'how long it lasts, 1 to 365 (default 7)', wholeNumber),
} as const;
export const legacyTokenRevokeOptions = { ...localOptions, agent, pool: flag('--pool', 'the tokens without agent id') } as const;
export const legacySecretCreateOptions = { ...localOptions, agent } as const;

const exits = [
  '0  done',
  '1  a bug',
  '2  wrong usage',
  '20  no such object',
  '21  the first API is off, or the id has a key of its own',
  '24  FortFail is not up, or does not answer',
  '130  interrupted',
];

/** Tokens and secrets of the first API: for clients of the earlier system. */
export const legacyVerbs = [
  defineVerb({
    name: 'legacy token create',
    args: '',
    summary: 'Make a token of the first API, for ORCH_JWT of a client',
    family: 'product',
    options: legacyTokenCreateOptions,
    exits,
    next: 'fortfail legacy token revoke --agent ID',
    load: () => import('../commands/legacy-token-create.ts'),
  }),
  defineVerb({
    name: 'legacy token revoke',
    args: '',
    summary: 'End all tokens of an agent id of the first API',
    family: 'product',
    options: legacyTokenRevokeOptions,
    exits,
    next: 'fortfail legacy secret create --agent ID',
    load: () => import('../commands/legacy-token-revoke.ts'),
  }),
  defineVerb({
    name: 'legacy secret create',
    args: '',
    summary: 'Make one agent id a secret of its own, for AGENT_REG_SECRET of its client',
    family: 'product',
    options: legacySecretCreateOptions,
    exits,
    next: 'fortfail legacy secret show',
    load: () => import('../commands/legacy-secret-create.ts'),
  }),
  defineVerb({
    name: 'legacy secret show',
    args: '',
    summary: 'Show the registration secret that FortFail made and keeps',
    family: 'product',
    options: localOptions,
    exits: ['0  done', '1  a bug', '2  wrong usage', '20  none was made: it is given in the environment', '22  the file may not be read'],
    next: 'scripts/smoke.sh',
    load: () => import('../commands/legacy-secret-show.ts'),
  }),
];
