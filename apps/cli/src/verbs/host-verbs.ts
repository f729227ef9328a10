import { flag, list, text } from './option.ts';
import { defineVerb } from './verb.ts';

const data = text(
  '--data <folder>',
  'data folder of the agent (default: $FORTFAIL_DATA, /var/lib/fortfail for root, else ~/.local/share/fortfail)',
);
const json = flag('--json', 'print JSON');

export const hostOptions = { data, json } as const;
export const enrolOptions = { data, json, replace: flag('--replace', 'become a new agent although this host is one already') } as const;
export const ownerSetOptions = {
  data,
  json,
  recovery: text('--recovery <recipient>', 'the age recipient on the page of the kit, age1...'),
} as const;
export const issueOptions = { data } as const;
export const requestOptions = { data } as const;
export const doctorOptions = { data, json, quiet: list('--quiet <what>', 'leave out findings of that name (repeatable)') } as const;

const exits = ['0  done', '1  a bug', '2  wrong usage', '22  denied, or a file that others may read or change', '130  interrupted'];

/** What a person does on a host, without and with its orchestrator. */
export const hostVerbs = [
  defineVerb({
    name: 'agent enrol',
    args: '[join-string...]',
    summary: 'Make this host an agent of a site',
    description:
      'Reads the join string from standard input, or asks for it without showing it; never as an argument, which other users of the host could read. Keys are made here. Shows six words to compare with those on the console.',
    family: 'product',
    options: enrolOptions,
    exits: [
      ...exits.slice(0, 3),
      '21  an agent runs in the data folder',
      ...exits.slice(3, 4),
      '24  the site cannot be reached',
      ...exits.slice(4),
    ],
    next: 'fortfail agent',
    load: () => import('../commands/agent-enrol.ts'),
  }),
  defineVerb({
    name: 'agent request',
    args: '',
    summary: 'Print a request to enrol a host without a network to its site',
    description: 'Carry what is printed to the site, and what `fortfail agent issue` prints there back to `fortfail agent accept`.',
    family: 'product',
    options: requestOptions,
    exits,
    next: 'fortfail agent issue FILE, on the site',
    load: () => import('../commands/agent-request.ts'),
  }),
  defineVerb({
    name: 'agent issue',
    args: '<file>',
    summary: 'On the site: enrol a host by the request it printed',
    family: 'product',
    options: issueOptions,
    exits: [...exits.slice(0, 4), '24  FortFail is not up, or does not answer', ...exits.slice(4)],
    next: 'fortfail agent accept FILE, on the host',
    load: () => import('../commands/agent-issue.ts'),
  }),
  defineVerb({
    name: 'agent accept',
    args: '<file>',
    summary: 'Take in what the site issued for this host',
    family: 'product',
    options: hostOptions,
    exits,
    next: 'fortfail agent',
    load: () => import('../commands/agent-accept.ts'),
  }),
  defineVerb({
    name: 'agent approve',
    args: '<words...>',
    summary: 'Say yes, on this host, to an order that goes beyond its policy',
    description: 'The six words name the order. The consent is good for an hour and for one order.',
    family: 'product',
    options: hostOptions,
    exits: [...exits.slice(0, 3), '20  no order of that name waits', ...exits.slice(3)],
    next: 'order it again',
    load: () => import('../commands/agent-approve.ts'),
  }),
  defineVerb({
    name: 'agent show',
    args: '',
    summary: 'Show who this host is, how its link stands and what waits for consent',
    family: 'product',
    options: hostOptions,
    exits,
    next: 'fortfail doctor',
    load: () => import('../commands/agent-show.ts'),
  }),
  defineVerb({
    name: 'agent moved',
    args: '',
    summary: 'Say that this installation was moved to this machine, not copied',
    description: 'A copy must be enrolled anew instead: two agents with one identity are both held.',
    family: 'product',
    options: hostOptions,
    exits: [...exits.slice(0, 3), '20  this host is not enrolled', ...exits.slice(3)],
    next: 'fortfail agent',
    load: () => import('../commands/agent-moved.ts'),
  }),
  defineVerb({
    name: 'agent owner set',
    args: '<key...>',
    summary: 'Name the owner, whose roster this host obeys',
    description:
      'The owner’s public key as it stands on the page of the recovery kit. It is written into the policy of the host, never sent.',
    family: 'product',
    options: ownerSetOptions,
    exits,
    next: 'fortfail agent show',
    load: () => import('../commands/agent-owner-set.ts'),
  }),
  defineVerb({
    name: 'agent owner show',
    args: '',
    summary: 'Show the owner that this host obeys',
    family: 'product',
    options: hostOptions,
    exits,
    next: 'fortfail agent owner set KEY',
    load: () => import('../commands/agent-owner-show.ts'),
  }),
  defineVerb({
    name: 'doctor',
    args: '',
    summary: 'Look for what is wrong or unsafe on this host',
    family: 'product',
    options: doctorOptions,
    exits: [...exits.slice(0, 3), '3  something is wrong', ...exits.slice(4)],
    next: 'fortfail agent show',
    load: () => import('../commands/doctor.ts'),
  }),
];
