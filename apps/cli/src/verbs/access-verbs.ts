import { flag, list, text, value } from './option.ts';
import { localOptions } from './product-verbs.ts';
import { wholeNumber } from './value-parsers.ts';
import { defineVerb } from './verb.ts';

const grants = list(
  '--grant <role>',
  'a role: viewer, operator, restorer, admin or auditor; with @plan:NAME or @host:NAME for that alone (repeatable)',
);

export const personAddOptions = { ...localOptions, grant: grants } as const;
export const personChangeOptions = {
  ...localOptions,
  grant: grants,
  disable: flag('--disable', 'end sessions, tokens and links, and let nobody in as this person'),
  enable: flag('--enable', 'let the person sign in again'),
} as const;
export const tokenCreateOptions = {
  ...localOptions,
  grant: grants,
  days: value('--days <n>', 'how long it lasts, 1 to 400 (default 90)', wholeNumber),
  person: text('--person <name>', 'whose rights bound it (default: the first administrator)'),
} as const;
export const tokenListOptions = { ...localOptions, person: text('--person <name>', 'only tokens of this person') } as const;
export const alertListOptions = { ...localOptions, all: flag('--all', 'also those that have ended') } as const;

const exits = [
  '0  done',
  '1  a bug',
  '2  wrong usage',
  '20  no such object',
  '21  the name is taken, or nobody would be left as administrator',
  '22  rights that their giver does not have',
  '24  FortFail is not up, or does not answer',
  '130  interrupted',
];
const readExits = exits.filter((line) => !/^2[12] /.test(line));

/** Persons, tokens of programs, and alerts. */
export const accessVerbs = [
  defineVerb({
    name: 'person list',
    args: '',
    summary: 'List persons and their roles',
    family: 'product',
    options: localOptions,
    exits: readExits,
    next: 'fortfail person add NAME --grant ROLE',
    load: () => import('../commands/person-list.ts'),
  }),
  defineVerb({
    name: 'person add',
    args: '<name>',
    summary: 'Invite a person; prints a link that lasts a day',
    family: 'product',
    options: personAddOptions,
    exits,
    next: 'send the link to that person',
    load: () => import('../commands/person-add.ts'),
  }),
  defineVerb({
    name: 'person change',
    args: '<person>',
    summary: 'Change roles of a person, disable or enable them',
    description: 'The roles given replace those the person has. Without --grant they stay.',
    family: 'product',
    options: personChangeOptions,
    exits,
    next: 'fortfail person list',
    load: () => import('../commands/person-change.ts'),
  }),
  defineVerb({
    name: 'person link',
    args: '<person>',
    summary: 'Print a one-time link for a person who lost theirs',
    family: 'product',
    options: localOptions,
    exits,
    next: 'send the link to that person',
    load: () => import('../commands/person-link.ts'),
  }),
  defineVerb({
    name: 'token create',
    args: '<name>',
    summary: 'Make an API token for a program; prints its secret once',
    description: 'Programs send it as Authorization: Bearer. It never holds more than its owner may at that moment.',
    family: 'product',
    options: tokenCreateOptions,
    exits,
    next: 'fortfail token list',
    load: () => import('../commands/token-create.ts'),
  }),
  defineVerb({
    name: 'token list',
    args: '',
    summary: 'List API tokens, without their secrets',
    family: 'product',
    options: tokenListOptions,
    exits: readExits,
    next: 'fortfail token remove ID',
    load: () => import('../commands/token-list.ts'),
  }),
  defineVerb({
    name: 'token remove',
    args: '<token>',
    summary: 'End an API token at once',
    family: 'product',
    options: localOptions,
    exits: readExits,
    next: 'fortfail token list',
    load: () => import('../commands/token-remove.ts'),
  }),
  defineVerb({
    name: 'alert list',
    args: '',
    summary: 'List alerts that are open',
    family: 'product',
    options: alertListOptions,
    exits: readExits,
    next: 'fortfail alert ack ID',
    load: () => import('../commands/alert-list.ts'),
  }),
  defineVerb({
    name: 'alert ack',
    args: '<alert>',
    summary: 'Say that somebody looks after an alert',
    family: 'product',
    options: localOptions,
    exits: readExits,
    next: 'fortfail alert list',
    load: () => import('../commands/alert-ack.ts'),
  }),
];
