import type { JobPayload } from '@fortfail/protocol';
import { describe, expect, it } from 'vitest';
import { durationMs, type HostPolicy, hostPolicy, quotaBytes } from './host-policy.ts';
import { judgeOrder, type OrderFacts } from './judge-order.ts';
import { orderDigest } from './order-digest.ts';

const own = { id: 'rep_0000000000000001', name: 'main', location: '/data/repositories/main' };
const granted = { id: 'rep_0000000000000002', name: 'theirs', location: '/srv/theirs' };
const unknown = { id: 'rep_0000000000000009', name: 'evil', location: '/srv/evil' };
const self = 'agt_00000000000000aa';
const other = 'agt_00000000000000bb';
const digest = 'd'.repeat(64);

const remote: OrderFacts = {
  agentId: self,
  isLocal: false,
  hasOwner: false,
  restoreRoot: '/data/restore',
  repositoriesFolder: '/data/repositories',
  ownFolders: ['/data/agent'],
  repositories: [own, { ...granted, from: other }],
  real: (path) => path.replace(/^\/link(?=\/|$)/, '/data/agent'),
  approvals: [],
  hasConsent: false,
};
const local: OrderFacts = { ...remote, isLocal: true };
const withOwner: OrderFacts = { ...remote, hasOwner: true };
const approved = (kind: 'ssh' | 'webauthn'): OrderFacts => ({ ...withOwner, approvals: [{ by: 'ann', kind }] });
const consented: OrderFacts = { ...remote, hasConsent: true };

const policies = {
  home: hostPolicy.parse({ v: 1 }),
  narrow: hostPolicy.parse({ v: 1, paths: ['/etc', '/home'], never: ['/etc/fortfail', '/home/ann/.ssh'], restore_roots: ['/restore'] }),
  closed: hostPolicy.parse({
    v: 1,
    accept: {
      backup: 'refuse',
      check: 'refuse',
      drill: 'refuse',
      restore: 'refuse',
      restore_elsewhere: 'refuse',
      restore_foreign: 'refuse',
      repository: 'refuse',
      slot: 'refuse',
      escrow: 'refuse',
    },
  }),
  keeper: hostPolicy.parse({ v: 1, accept: { forget: 'local-keeper' }, repositories: ['/srv/backups', '/mnt/one'] }),
  sshOnly: hostPolicy.parse({ v: 1, signers: ['ssh'], accept: { restore: 'approval' } }),
  distrusting: hostPolicy.parse({ v: 1, trust_local: false }),
} satisfies Record<string, HostPolicy>;

const initialise = (repository: typeof own): JobPayload => ({ kind: 'initialise', repository });
const backup = (paths: string[], repository = own): JobPayload => ({
  kind: 'backup',
  repository,
  planId: 'pln_0000000000000001',
  planName: 'p',
  source: { kind: 'files', paths, excludes: [] },
  tags: [],
});
const config: JobPayload = { ...(backup(['/']) as Extract<JobPayload, { kind: 'backup' }>), source: { kind: 'config' } };
const check = (repository = own): JobPayload => ({ kind: 'check', repository, readData: true });
const drill = (repository = own): JobPayload => ({
  kind: 'drill',
  repository,
  drillId: 'drl_0000000000000001',
  restorePointId: 'rpt_0000000000000001',
  snapshot: 'latest',
});
const propose = (target: string | null, repository = own): JobPayload => ({
  kind: 'propose-restore',
  repository,
  restoreId: 'rst_0000000000000001',
  snapshot: 'latest',
  include: [],
  target,
});
const apply = (target: string, repository = own, origin?: string): JobPayload => ({
  kind: 'apply-restore',
  repository,
  restoreId: 'rst_0000000000000001',
  snapshot: 'latest',
  include: [],
  target,
  digest,
  ...(origin === undefined ? {} : { origin }),
});
const forget = (repository = own): JobPayload => ({ kind: 'forget', repository, planId: 'pln_1', snapshots: ['latest'], keep: null });
const escrow = (repository = own): JobPayload => ({ kind: 'escrow', repository, n: 1 });
const signed = { text: '{}', signature: 's' };
const grant = (isSigned: boolean, repository = own): JobPayload => ({
  kind: 'grant-slot',
  repository,
  grantId: 'grt_0000000000000001',
  to: { agentId: other, hostname: 'b', identity: 'i', sealing: 'age1', signing: 'ssh' },
  card: isSigned ? signed : null,
  order: isSigned ? signed : null,
  roster: null,
});
const take = (repository: typeof own, from = other): JobPayload => ({
  kind: 'accept-slot',
  repository,
  grantId: 'grt_0000000000000001',
  from,
  sealed: 'x',
});

const outcome = (policy: HostPolicy, payload: JobPayload, facts: OrderFacts): string => {
  const verdict = judgeOrder(policy, payload, facts);
  return verdict.verdict === 'refuse' ? verdict.code : verdict.verdict;
};

type Row = readonly [what: string, policy: keyof typeof policies, payload: JobPayload, facts: OrderFacts, expected: string];

const table: readonly Row[] = [
  // Anything unknown.
  ['a kind that nobody knows', 'home', { kind: 'command', text: 'id' } as never, remote, 'unknown-kind'],
  ['a kind that nobody knows, over the socket', 'home', { kind: 'command' } as never, local, 'unknown-kind'],

  // Backups: paths inside, never what is never, into its own repository only.
  ['a backup of any path at home', 'home', backup(['/etc', '/srv']), remote, 'accept'],
  ['a backup of everything at home', 'home', backup(['/']), remote, 'accept'],
  ['a backup of the agent’s own keys', 'home', backup(['/data/agent']), remote, 'path-never'],
  ['a backup of the agent’s own keys, over the socket', 'home', backup(['/data/agent/keys']), local, 'path-never'],
  ['a backup of the agent’s own keys by a link', 'home', backup(['/link/keys']), remote, 'path-never'],
  ['a backup inside the paths', 'narrow', backup(['/etc/ssh', '/home']), remote, 'accept'],
  ['a backup outside the paths', 'narrow', backup(['/etc', '/root']), remote, 'path-refused'],
  ['a backup outside the paths, over the socket', 'narrow', backup(['/root']), local, 'path-refused'],
  ['a backup of a path that only begins alike', 'narrow', backup(['/etcetera']), remote, 'path-refused'],
  ['a backup of what is above the paths', 'narrow', backup(['/']), remote, 'path-refused'],
  ['a backup of what is never', 'narrow', backup(['/home/ann/.ssh/id_ed25519']), remote, 'path-never'],
  ['a backup of what is never although a person consented', 'narrow', backup(['/home/ann/.ssh']), { ...consented }, 'path-never'],
  ['a backup into a repository that it does not have', 'home', backup(['/etc'], unknown), remote, 'repository-unknown'],
  [
    'a backup into its repository at another place',
    'home',
    backup(['/etc'], { ...own, location: '/srv/evil' }),
    remote,
    'repository-moved',
  ],
  ['a backup into another host’s repository', 'home', backup(['/etc'], granted), remote, 'repository-foreign'],
  ['a backup of an orchestrator that is not here', 'home', config, remote, 'source-refused'],
  ['a backup of the orchestrator beside it', 'home', config, local, 'accept'],
  ['any backup where none is wanted', 'closed', backup(['/etc']), remote, 'backup-refused'],

  // Checks and drills of what it has.
  ['a check', 'home', check(), remote, 'accept'],
  ['a check of a repository that it does not have', 'home', check(unknown), remote, 'repository-unknown'],
  ['a check where none is wanted', 'closed', check(), remote, 'check-refused'],
  ['a drill', 'home', drill(), remote, 'accept'],
  ['a drill of another host’s point that it has a key for', 'home', drill(granted), remote, 'accept'],
  ['a drill of a repository that it does not have', 'home', drill(unknown), remote, 'repository-unknown'],
  ['a drill where none is wanted', 'closed', drill(), remote, 'drill-refused'],

  // Looking at a restore writes nothing.
  ['a look at a restore into a folder of its own', 'home', propose(null), remote, 'accept'],
  ['a look at a restore elsewhere', 'home', propose('/srv/x'), remote, 'accept'],
  ['a look at a restore over the agent’s keys', 'home', propose('/data/agent/x'), remote, 'target-never'],
  ['a look at a restore over the agent’s keys by a link', 'home', propose('/link/x'), remote, 'target-never'],
  ['a look at a restore into what is never', 'narrow', propose('/etc/fortfail/x'), remote, 'target-never'],
  ['a look into a repository that it does not have', 'home', propose(null, unknown), remote, 'repository-unknown'],

  // Restores.
  ['a restore below the restore root', 'home', apply('/data/restore/rst_1'), remote, 'accept'],
  ['a restore over the restore root itself', 'home', apply('/data/restore'), remote, 'needs-consent'],
  ['a restore below the policy’s roots', 'narrow', apply('/restore/x'), remote, 'accept'],
  ['a restore below the built-in root where the policy names others', 'narrow', apply('/data/restore/x'), remote, 'needs-consent'],
  ['a restore elsewhere', 'home', apply('/srv/x'), remote, 'needs-consent'],
  ['a restore elsewhere that climbs out of the root', 'home', apply('/data/restore/../../etc'), remote, 'needs-consent'],
  ['a restore elsewhere, over the socket', 'home', apply('/srv/x'), local, 'accept'],
  ['a restore elsewhere, over a socket that is not trusted', 'distrusting', apply('/srv/x'), local, 'needs-consent'],
  ['a restore elsewhere that a person here consented to', 'home', apply('/srv/x'), consented, 'accept'],
  ['a restore elsewhere approved by an SSH key', 'home', apply('/srv/x'), approved('ssh'), 'accept'],
  ['a restore elsewhere approved by a passkey', 'home', apply('/srv/x'), approved('webauthn'), 'needs-consent'],
  ['a restore into the agent’s keys that a person consented to', 'home', apply('/data/agent/keys'), consented, 'target-never'],
  ['a restore into what is never, approved', 'narrow', apply('/home/ann/.ssh/x'), approved('ssh'), 'target-never'],
  ['a restore of another host’s point by its origin', 'home', apply('/data/restore/x', own, other), remote, 'needs-consent'],
  ['a restore of another host’s point that hides its origin', 'home', apply('/data/restore/x', granted), remote, 'needs-consent'],
  [
    'a restore of another host’s point that names this one as its origin',
    'home',
    apply('/data/restore/x', granted, self),
    remote,
    'needs-consent',
  ],
  ['a restore of another host’s point, over the socket', 'home', apply('/data/restore/x', granted, other), local, 'needs-consent'],
  ['a restore of another host’s point, approved', 'home', apply('/data/restore/x', granted, other), approved('ssh'), 'accept'],
  [
    'a restore of another host’s point, approved by a passkey',
    'home',
    apply('/data/restore/x', granted, other),
    approved('webauthn'),
    'needs-consent',
  ],
  ['a restore of its own point by its own name', 'home', apply('/data/restore/x', own, self), remote, 'accept'],
  ['a restore out of a repository that it does not have', 'home', apply('/data/restore/x', unknown), remote, 'repository-unknown'],
  ['any restore where none is wanted', 'closed', apply('/data/restore/x'), remote, 'restore-refused'],
  ['any restore elsewhere where none is wanted, consented', 'closed', apply('/srv/x'), consented, 'restore-elsewhere'],
  ['a restore that the policy wants approved', 'sshOnly', apply('/data/restore/x'), withOwner, 'needs-consent'],
  ['a restore that the policy wants approved, by SSH', 'sshOnly', apply('/data/restore/x'), approved('ssh'), 'accept'],
  [
    'a restore that the policy wants approved by SSH, by passkey',
    'sshOnly',
    apply('/data/restore/x'),
    approved('webauthn'),
    'needs-consent',
  ],

  // Forgetting is a keeper's.
  ['forgetting', 'home', forget(), remote, 'forget-refused'],
  ['forgetting that a person consented to', 'home', forget(), consented, 'forget-refused'],
  ['forgetting, over the socket', 'home', forget(), local, 'accept'],
  ['forgetting, over a socket that is not trusted', 'distrusting', forget(), local, 'forget-refused'],
  ['forgetting where the policy makes it its own keeper', 'keeper', forget(), remote, 'accept'],
  ['forgetting in another host’s repository as its own keeper', 'keeper', forget(granted), remote, 'repository-foreign'],

  // New repositories.
  ['a repository below its own folder', 'home', initialise({ ...unknown, location: '/data/repositories/x' }), remote, 'accept'],
  [
    'a repository in its own folder by scheme',
    'home',
    initialise({ ...unknown, location: 'local:/data/repositories/x' }),
    remote,
    'accept',
  ],
  [
    'a repository in the folder of repositories itself',
    'home',
    initialise({ ...unknown, location: '/data/repositories' }),
    remote,
    'needs-consent',
  ],
  ['a repository elsewhere', 'home', initialise(unknown), remote, 'needs-consent'],
  ['a repository elsewhere, over the socket', 'home', initialise(unknown), local, 'accept'],
  ['a repository elsewhere that a person here consented to', 'home', initialise(unknown), consented, 'accept'],
  ['a repository elsewhere with an approval, which does not count for it', 'home', initialise(unknown), approved('ssh'), 'needs-consent'],
  ['a repository below a folder that the policy names', 'keeper', initialise({ ...unknown, location: '/srv/backups/x' }), remote, 'accept'],
  ['a repository at the very place that the policy names', 'keeper', initialise({ ...unknown, location: '/mnt/one' }), remote, 'accept'],
  ['a repository that it has, again', 'home', initialise(own), remote, 'accept'],
  [
    'a repository that it has, at another place',
    'home',
    initialise({ ...own, location: '/data/repositories/x' }),
    remote,
    'repository-moved',
  ],
  ['another host’s repository as its own', 'home', initialise(granted), remote, 'repository-moved'],
  ['a repository at another machine', 'home', initialise({ ...unknown, location: 'sftp:evil:/x' }), remote, 'needs-consent'],
  ['a repository elsewhere where none is wanted', 'closed', initialise(unknown), consented, 'repository-elsewhere'],

  // Keys.
  ['sealing a key to the recovery key', 'home', escrow(), remote, 'accept'],
  ['sealing another host’s key', 'home', escrow(granted), remote, 'repository-foreign'],
  ['sealing where none is wanted', 'closed', escrow(), remote, 'escrow-refused'],
  ['a key for another host without signatures', 'home', grant(false), withOwner, 'needs-consent'],
  ['a key for another host without an owner', 'home', grant(true), remote, 'needs-consent'],
  ['a key for another host, signed', 'home', grant(true), withOwner, 'accept'],
  ['a key for another host that a person here consented to', 'home', grant(false), consented, 'accept'],
  ['a key for another host, over the socket', 'home', grant(false), local, 'needs-consent'],
  ['a key of another host’s repository for a third', 'home', grant(true, granted), withOwner, 'repository-foreign'],
  ['a key for another host where none is wanted', 'closed', grant(true), { ...withOwner, hasConsent: true }, 'slot-refused'],
  ['a key of another host', 'home', take(unknown), remote, 'accept'],
  ['a key of another host again', 'home', take(granted), remote, 'accept'],
  ['a key that would make a repository its own', 'home', take(unknown, self), remote, 'slot-own'],
  ['a key in place of its own repository’s', 'home', take(own), remote, 'repository-known'],
  ['a key of a third host in place of another’s', 'home', take(granted, 'agt_00000000000000cc'), remote, 'repository-known'],
];

describe('what a host does for its orchestrator', () => {
  it.each(table)('%s under the policy %s', (_, policy, payload, facts, expected) => {
    expect(outcome(policies[policy], payload, facts)).toBe(expected);
  });

  it('leaves out what is never, where it lies below a path that is backed up', () => {
    const verdict = judgeOrder(policies.narrow, backup(['/home', '/etc/ssh']), remote);
    expect(verdict).toMatchObject({ verdict: 'accept', excludes: ['/home/ann/.ssh'] });
    expect(judgeOrder(policies.home, backup(['/']), remote)).toMatchObject({ verdict: 'accept', excludes: ['/data/agent'] });
  });

  it('uses a consent up only where one was needed', () => {
    expect(judgeOrder(policies.home, apply('/srv/x'), consented)).toMatchObject({ verdict: 'accept', usesConsent: true });
    expect(judgeOrder(policies.home, apply('/data/restore/x'), consented)).toMatchObject({ verdict: 'accept', usesConsent: false });
  });

  it('names an order by all that it asks, in whatever order its fields come', () => {
    expect(orderDigest(apply('/srv/x'))).not.toBe(orderDigest(apply('/srv/y')));
    expect(orderDigest(apply('/srv/x'))).not.toBe(digest);
    const [one, two] = [initialise(unknown), { repository: { ...unknown }, kind: 'initialise' } as JobPayload];
    expect(orderDigest(one)).toBe(orderDigest(two));
    expect(orderDigest(initialise({ ...unknown, location: '/srv/evil2' }))).not.toBe(orderDigest(one));
  });
});

describe('the fields of a policy', () => {
  it.each([
    ['50%free', 1000, 500],
    ['100%free', 1000, 1000],
    ['20G', 5, 20 * 1024 ** 3],
    ['7', 5, 7],
    ['3K', 5, 3072],
  ])('the quota %s of %i free bytes is %i', (quota, free, expected) => expect(quotaBytes(quota, free)).toBe(expected));

  it.each([
    ['2h', 7_200_000],
    ['90s', 90_000],
    ['15m', 900_000],
    ['1d', 86_400_000],
  ])('%s is %i ms', (text, ms) => expect(durationMs(text)).toBe(ms));

  it.each([
    ['a field that nobody knows', { hook: 'x' }],
    ['an alarm that is a command', { alarm: ['command:rm'] }],
    ['an alarm over plain http', { alarm: ['http://example.com/x'] }],
    ['a path that is none', { paths: ['etc'] }],
    ['an owner that is no key', { owner: 'ssh-ed25519 AAAA' }],
    ['a recovery key that is a secret', { recovery: 'AGE-SECRET-KEY-1' }],
    ['an entry of accept that nobody knows', { accept: { command: 'orchestrator' } }],
    ['a need that nobody knows', { accept: { backup: 'yes' } }],
    ['no version', { v: 2 }],
  ])('refuses %s', (_, fields) => expect(hostPolicy.safeParse({ v: 1, ...fields }).success).toBe(false));
});
