import { createHash } from 'node:crypto';
import type {
  Agent,
  Alert,
  ApiToken,
  AuditHead,
  AuditRecord,
  AuditWitness,
  KitState,
  Person,
  RepositoryGrant,
  SignedEvidence,
} from '@fortfail/protocol';

/** In milliseconds. */
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** What the mock knows of hosts, alerts, the audit chain, the recovery kit and persons. */
export interface SiteWorld {
  alerts: Alert[];
  audit: { main: AuditRecord[]; access: AuditRecord[] };
  heads: AuditHead[];
  witnesses: AuditWitness[];
  allowedSigners: string;
  /** Signed files of every drill but those named here. */
  unsignedDrills: Set<string>;
  kit: KitState;
  /** What the confirmation of the kit must repeat. */
  kitConfirmation: string | null;
  persons: Person[];
  tokens: ApiToken[];
}

const iso = (time: number): string => new Date(time).toISOString();
const id = (kind: string, value: number): string => `${kind}_${value.toString(16).padStart(16, '0')}`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A key that nobody has: only its form is right. */
export const evidenceLine = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea';
const ownerLine = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICkOMaRPp2dZT8/xIyTbxSbZPmEOJzQnlKR1h8JWhfHL';
const recipient = 'age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq';

const remote = (now: number, number: number, given: Partial<Agent> & Pick<Agent, 'hostname'>): Agent => ({
  id: id('agt', number),
  kind: 'remote',
  status: 'active',
  reason: null,
  version: '0.1.0',
  connected: true,
  lastSeenAt: iso(now - 4000),
  enrolledAt: iso(now - 40 * DAY),
  restoreRoot: '/var/lib/fortfail/restore',
  isRoot: true,
  words: ['ferry', 'copper', 'nine', 'lamp', 'otter', 'quay'],
  sealing: recipient,
  signing: evidenceLine,
  identity: null,
  certificateUntil: iso(now + 19 * DAY),
  generation: 2,
  policyDigest: sha256(given.hostname),
  hasOwner: true,
  witnessSeq: 48_213,
  plans: 0,
  openJobs: 0,
  ...given,
});

/** More hosts than the two that every world has: one silent, one that waits for approval, one held. */
export const moreAgents = (now: number): Agent[] => [
  remote(now, 3, { hostname: 'web-03', status: 'pending', plans: 0, enrolledAt: iso(now - 2 * MINUTE), witnessSeq: null, generation: 1 }),
  remote(now, 4, {
    hostname: 'db-02',
    status: 'held',
    connected: false,
    lastSeenAt: iso(now - 26 * MINUTE),
    reason: 'It came from another machine than before: it was moved (decide "keep") or cloned (decide "split").',
    words: ['amber', 'hollow', 'king', 'river', 'salt', 'tower'],
    hasOwner: false,
    certificateUntil: iso(now + 2 * DAY),
  }),
  remote(now, 5, {
    hostname: 'app-02',
    connected: true,
    version: '0.0.9',
    plans: 4,
    openJobs: 1,
    words: ['north', 'canvas', 'plum', 'vessel', 'zebra', 'iris'],
  }),
];

const alertsAt = (now: number): Alert[] => {
  const of = (number: number, given: Partial<Alert> & Pick<Alert, 'kind' | 'sentence' | 'object'>): Alert => ({
    id: id('alr', number),
    severity: 'at-risk',
    count: 1,
    openedAt: iso(now - number * 97 * MINUTE),
    lastAt: iso(now - number * 41 * MINUTE),
    acknowledgedAt: null,
    acknowledgedBy: null,
    endedAt: null,
    ...given,
  });
  return [
    of(1, {
      kind: 'promise',
      severity: 'broken',
      object: { kind: 'plan', id: id('pln', 1) },
      sentence: 'billing-exports has no new point for 9 h 12 m. The disk of its repository is full. Free 12 GB, then back up again.',
      count: 7,
    }),
    of(2, {
      kind: 'agent-silent',
      object: { kind: 'agent', id: id('agt', 2) },
      sentence: 'lab-nas has not called since 06:12 and 2 jobs wait for it. Start its agent, or look at its network.',
      acknowledgedAt: iso(now - 30 * MINUTE),
      acknowledgedBy: 'Ivo',
    }),
    of(3, {
      kind: 'drill-failed',
      severity: 'broken',
      object: { kind: 'drill', id: id('drl', 201) },
      sentence: 'The drill of mail-store failed. What came back was not what was stored.',
    }),
    ...Array.from({ length: 4 }, (_, back) =>
      of(10 + back, {
        kind: 'backup-partial',
        object: { kind: 'plan', id: id('pln', 4 + back) },
        sentence: 'The backup of home-dirs left something out: 2 of 88,204 files could not be read.',
        endedAt: iso(now - (10 + back) * 60 * MINUTE),
      }),
    ),
  ];
};

const actions: readonly (readonly [action: string, kind: string, objectId: string, actor: string])[] = [
  ['agent.enrol', 'agent', id('agt', 3), id('agt', 3)],
  ['plan.edit', 'plan', id('pln', 4), id('per', 1)],
  ['restore.apply', 'restore', id('rst', 1), id('per', 1)],
  ['alert.acknowledge', 'alert', id('alr', 2), id('per', 2)],
  ['drill.record', 'drill', id('drl', 201), id('agt', 1)],
  ['kit.confirm', 'kit', '3f9a12c0', id('per', 1)],
  ['restore-point.record', 'restore-point', id('rpt', 3001), id('agt', 1)],
];

/** A whole chain: each record carries the hash of the one before. */
const chainAt = (now: number, name: 'main' | 'access', length: number, first: number): AuditRecord[] => {
  const records: AuditRecord[] = [];
  let prev = sha256(name);
  for (let back = length - 1; back >= 0; back -= 1) {
    const seq = first + length - 1 - back;
    const [action, kind, objectId, actor] = actions[back % actions.length] ?? actions[0] ?? ['', '', '', ''];
    const personal = actor.startsWith('per');
    const body = JSON.stringify({
      action: name === 'access' ? 'restore-point.browse' : action,
      actor: { id: actor, kind: personal ? 'person' : 'agent', via: personal ? 'session' : 'agent-link' },
      at: iso(now - back * 7 * MINUTE),
      chain: name,
      detail: { was: 'hourly', now: 'every 2 h' },
      object: { id: objectId, kind },
      outcome: back % 11 === 5 ? 'refused' : 'done',
      request: `req-${seq}`,
      v: 1,
    });
    const hash = sha256(`ffaudit1\n${seq}\n${prev}\n${body}`);
    records.push({ seq, prev, body, hash });
    prev = hash;
  }
  return records.reverse();
};

const signature = '-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n';

/** A drill's files as the site signs them. */
export const evidenceOf = (drillId: string, site: SiteWorld): SignedEvidence => ({
  files: [
    { name: `evidence-${drillId}.json`, signer: 'evidence', text: `{"drill":"${drillId}","v":1}\n` },
    { name: `result-${drillId}.json`, signer: id('agt', 1), text: `{"agent":"${id('agt', 1)}","drill":"${drillId}","v":1}\n` },
  ].map((file) => ({ ...file, namespace: 'fortfail-evidence@v1', signature })),
  allowedSigners: site.allowedSigners,
});

const kitAt = (now: number): KitState => ({
  site: { id: 'ste_0000000000000001', name: 'fort-01' },
  ca: [`sha256:${'A'.repeat(43)}`],
  evidence: [evidenceLine],
  state: 'confirmed',
  kitId: '3f9a12c0',
  recipient,
  owner: ownerLine,
  ownerFingerprint: 'SHA256:pq4Z0yJ0q7mXx9A7QmJ6x9A1c2W3e4R5t6Y7u8I9o0P',
  createdAt: iso(now - 12 * DAY),
  confirmedAt: iso(now - 12 * DAY),
  testedAt: null,
  roster: { text: JSON.stringify({ v: 1, serial: 4, admins: [{ name: 'Mara' }] }), signature },
  repositories: [
    {
      id: id('rep', 1),
      name: 'main',
      agentId: id('agt', 1),
      escrowed: true,
      places: ['site', 'beside the repository'],
      at: iso(now - 12 * DAY),
    },
  ],
  agents: [
    { id: id('agt', 1), hostname: 'fort-01', hasOwner: true },
    { id: id('agt', 2), hostname: 'lab-nas', hasOwner: false },
  ],
});

/** Before anybody made a kit. */
export const noKit = (kit: KitState): KitState => ({
  ...kit,
  state: 'none',
  kitId: null,
  recipient: null,
  owner: null,
  ownerFingerprint: null,
  createdAt: null,
  confirmedAt: null,
  testedAt: null,
  roster: null,
  repositories: kit.repositories.map((repository) => ({ ...repository, escrowed: false, places: [], at: null })),
  agents: kit.agents.map((agent) => ({ ...agent, hasOwner: false })),
});

const personsAt = (now: number): Person[] => {
  const of = (number: number, name: string, given: Partial<Person>): Person => ({
    id: id('per', number),
    name,
    grants: [{ role: 'admin', scope: 'site' }],
    disabled: false,
    hasPassword: true,
    passkeys: 1,
    createdAt: iso(now - 60 * DAY),
    lastSeenAt: iso(now - number * 9 * MINUTE),
    ...given,
  });
  return [
    of(2, 'Ivo', {
      grants: [
        { role: 'operator', scope: 'site' },
        { role: 'restorer', scope: `plan:${id('pln', 4)}` },
      ],
    }),
    of(1, 'Mara', {}),
    of(3, 'Nils', { grants: [{ role: 'auditor', scope: 'site' }], disabled: true, lastSeenAt: null, passkeys: 0, hasPassword: false }),
  ];
};

/** A site as it would stand at `now`. */
export const makeSite = (now: number): SiteWorld => {
  const main = chainAt(now, 'main', 120, 48_094);
  const newest = main[0];
  return {
    alerts: alertsAt(now),
    audit: { main, access: chainAt(now, 'access', 12, 900) },
    heads: main.slice(0, 3).map(({ seq, hash }, back) => {
      const made = iso(now - back * 3 * MINUTE);
      const text = `${JSON.stringify({ chain: 'main', hash, made, seq, site: 'ste_0000000000000001', v: 1 })}\n`;
      return { chain: 'main', seq, hash, made, signed: { text, signature } };
    }),
    witnesses: [
      {
        agentId: id('agt', 1),
        hostname: 'fort-01',
        seq: newest?.seq ?? null,
        seenAt: iso(now - 38_000),
        verdict: 'agrees',
        sentence: `It agrees up to record ${newest?.seq}, the last one.`,
      },
      {
        agentId: id('agt', 2),
        hostname: 'lab-nas',
        seq: null,
        seenAt: null,
        verdict: 'silent',
        sentence: 'It did not answer; start its agent and ask again.',
      },
    ],
    allowedSigners: `evidence namespaces="fortfail-evidence@v1,fortfail-audit-head@v1" ${evidenceLine}\n`,
    unsignedDrills: new Set(),
    kit: kitAt(now),
    kitConfirmation: null,
    persons: personsAt(now),
    tokens: [
      {
        id: id('tok', 1),
        personId: id('per', 1),
        personName: 'Mara',
        name: 'deploy',
        grants: [{ role: 'operator', scope: `plan:${id('pln', 4)}` }],
        createdAt: iso(now - 20 * DAY),
        expiresAt: iso(now + 70 * DAY),
        lastUsedAt: iso(now - 3 * MINUTE),
      },
    ],
  };
};

/** Whose key opens what of whose. */
export const grantAt = (now: number): RepositoryGrant => ({
  id: id('grt', 1),
  repositoryId: id('rep', 1),
  repositoryName: 'main',
  fromAgentId: id('agt', 1),
  toAgentId: id('agt', 5),
  status: 'accepted',
  sentence: 'app-02 opens it with a key of its own.',
  jobId: null,
  createdAt: iso(now - 3 * DAY),
  acceptedAt: iso(now - 3 * DAY),
});
