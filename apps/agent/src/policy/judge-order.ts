import { relative } from 'node:path/posix';
import type { JobPayload } from '@fortfail/protocol';
import type { HostPolicy, Need } from './host-policy.ts';

export interface KnownRepository {
  readonly id: string;
  readonly location: string;
  /** The agent whose repository it is, when this one only has a key slot of it. */
  readonly from?: string | undefined;
}

/** What the agent itself knows, beside the order: never anything the order says of itself. */
export interface OrderFacts {
  readonly agentId: string;
  /** The order came over the unix socket of this machine. */
  readonly isLocal: boolean;
  readonly hasOwner: boolean;
  readonly restoreRoot: string;
  /** `<data>/repositories`. */
  readonly repositoriesFolder: string;
  /** Folders that are never backed up nor restored into, whatever the policy says: this agent's own keys. */
  readonly ownFolders: readonly string[];
  readonly repositories: readonly KnownRepository[];
  /** A path with every link on it followed. */
  readonly real: (path: string) => string;
  /** Approvals of exactly this order that were verified against the pinned owner's roster, one for each person. */
  readonly approvals: readonly { readonly by: string; readonly kind: 'ssh' | 'webauthn' }[];
  /** A person on this host said yes to exactly this order. */
  readonly hasConsent: boolean;
}

export type Verdict =
  | { readonly verdict: 'accept'; readonly excludes: readonly string[]; readonly usesConsent: boolean }
  | { readonly verdict: 'refuse'; readonly code: string; readonly reason: string }
  | { readonly verdict: 'needs-consent'; readonly reason: string };

/** What stands in the way of an order, the hardest first. */
type Finding =
  | { readonly what: 'refuse'; readonly code: string; readonly reason: string }
  | { readonly what: 'need'; readonly need: Need; readonly code: string; readonly reason: string; readonly sshOnly?: boolean };

/**
 * Whether this host does what it was ordered to. A pure function: all it looks at is in its arguments. What it does not
 * know, it refuses.
 */
export function judgeOrder(policy: HostPolicy, payload: JobPayload, facts: OrderFacts): Verdict {
  const findings = findingsOf(policy, payload, facts);
  const refused = findings.find((finding) => finding.what === 'refuse' || finding.need === 'refuse');
  if (refused !== undefined) return { verdict: 'refuse', code: refused.code, reason: refused.reason };
  const open = findings.filter((finding) => finding.what === 'need' && !isMet(finding, policy, facts));
  const excludes = payload.kind === 'backup' ? neverBelow(policy, payload, facts) : [];
  if (open.length === 0) return { verdict: 'accept', excludes, usesConsent: false };
  if (facts.hasConsent) return { verdict: 'accept', excludes, usesConsent: true };
  return { verdict: 'needs-consent', reason: open[0]?.reason ?? 'it goes beyond the policy' };
}

function isMet(finding: Extract<Finding, { what: 'need' }>, policy: HostPolicy, facts: OrderFacts): boolean {
  if (finding.need === 'orchestrator') return true;
  if (finding.need !== 'approval') return false;
  return facts.approvals.some(({ kind }) => policy.signers.includes(kind) && (kind === 'ssh' || finding.sshOnly !== true));
}

function findingsOf(policy: HostPolicy, payload: JobPayload, facts: OrderFacts): Finding[] {
  const isTrusted = facts.isLocal && policy.trust_local;
  const { accept } = policy;
  switch (payload.kind) {
    case 'initialise':
      return isTrusted ? [] : initialiseFindings(policy, payload, facts);
    case 'backup':
      return [...needs(accept.backup, 'backup', 'back up'), ...backupFindings(policy, payload, facts, isTrusted)];
    case 'check':
      return [...needs(accept.check, 'check', 'check a repository'), ...knownFindings(payload.repository, facts, isTrusted)];
    case 'drill':
      return [...needs(accept.drill, 'drill', 'drill'), ...knownFindings(payload.repository, facts, isTrusted)];
    case 'propose-restore':
      // Writes nothing; what it would do is what a person then says yes or no to.
      return [
        ...knownFindings(payload.repository, facts, isTrusted),
        ...(payload.target === null || isTrusted ? [] : neverFindings(policy, payload.target, facts)),
      ];
    case 'apply-restore':
      return [...knownFindings(payload.repository, facts, isTrusted), ...restoreFindings(policy, payload, facts, isTrusted)];
    case 'forget':
      return isTrusted ? [] : forgetFindings(policy, payload, facts);
    case 'escrow':
      return [...needs(accept.escrow, 'escrow', 'seal a key'), ...ownFindings(payload.repository, facts, isTrusted)];
    case 'grant-slot':
      return [...slotFindings(policy, payload, facts), ...ownFindings(payload.repository, facts, isTrusted)];
    case 'accept-slot':
      return acceptSlotFindings(payload, facts);
    default:
      return [{ what: 'refuse', code: 'unknown-kind', reason: 'this agent knows no such kind of job' }];
  }
}

function needs(need: Need, what: string, doing: string): Finding[] {
  return [{ what: 'need', need, code: `${what}-refused`, reason: `the policy of this host does not let an orchestrator alone ${doing}` }];
}

type Reference = JobPayload['repository'];

function find(reference: Reference, facts: OrderFacts): KnownRepository | undefined {
  return facts.repositories.find(({ id }) => id === reference.id);
}

/** The repository is one that this agent has, where it has it. */
function knownFindings(reference: Reference, facts: OrderFacts, isTrusted: boolean): Finding[] {
  if (isTrusted) return [];
  const known = find(reference, facts);
  if (known === undefined) return [{ what: 'refuse', code: 'repository-unknown', reason: 'this agent has no such repository' }];
  if (known.location === reference.location) return [];
  return [{ what: 'refuse', code: 'repository-moved', reason: 'this agent has that repository at another place' }];
}

/** It is also this agent's own: what goes into somebody else's repository is read by somebody else. */
function ownFindings(reference: Reference, facts: OrderFacts, isTrusted: boolean): Finding[] {
  const from = find(reference, facts)?.from;
  const foreign: Finding[] =
    from === undefined || from === facts.agentId
      ? []
      : [{ what: 'refuse', code: 'repository-foreign', reason: 'that repository belongs to another host' }];
  return [...knownFindings(reference, facts, isTrusted), ...foreign];
}

function backupFindings(
  policy: HostPolicy,
  { source, repository }: Extract<JobPayload, { kind: 'backup' }>,
  facts: OrderFacts,
  isTrusted: boolean,
): Finding[] {
  const findings = ownFindings(repository, facts, isTrusted);
  if (source.kind === 'config') {
    // The orchestrator's configuration lies on the orchestrator's machine only.
    if (!facts.isLocal) findings.push({ what: 'refuse', code: 'source-refused', reason: 'there is no orchestrator on this host' });
    return findings;
  }
  const never = [...policy.never, ...facts.ownFolders].map(facts.real);
  for (const path of source.paths) {
    const real = facts.real(path);
    if (!policy.paths.some((folder) => isWithin(real, facts.real(folder))))
      findings.push({ what: 'refuse', code: 'path-refused', reason: `'${path}' is outside the paths that the policy of this host names` });
    else if (never.some((folder) => isWithin(real, folder)))
      findings.push({ what: 'refuse', code: 'path-never', reason: `the policy of this host never lets '${path}' be read` });
  }
  return findings;
}

/** What lies below the paths and is never read: left out. */
function neverBelow(policy: HostPolicy, { source }: Extract<JobPayload, { kind: 'backup' }>, facts: OrderFacts): string[] {
  if (source.kind !== 'files') return [];
  const never = [...new Set([...policy.never, ...facts.ownFolders].flatMap((path) => [path, facts.real(path)]))];
  const roots = source.paths.flatMap((path) => [path, facts.real(path)]);
  return never.filter((path) => roots.some((root) => isWithin(path, root)));
}

/** A restore root may lie in a folder that is otherwise left alone, as below the data folder; this agent's keys never do. */
function neverFindings(policy: HostPolicy, target: string, facts: OrderFacts): Finding[] {
  const real = facts.real(target);
  const isOwn = facts.ownFolders.some((folder) => isWithin(real, facts.real(folder)));
  const isNever = policy.never.some((folder) => isWithin(real, facts.real(folder))) && !isBelowRoot(policy, real, facts);
  if (!isOwn && !isNever) return [];
  return [{ what: 'refuse', code: 'target-never', reason: `the policy of this host never lets anything be written into '${target}'` }];
}

function isBelowRoot(policy: HostPolicy, real: string, facts: OrderFacts): boolean {
  return rootsOf(policy, facts).some((root) => isWithin(real, root) && real !== root);
}

function rootsOf(policy: HostPolicy, facts: OrderFacts): string[] {
  const roots = policy.restore_roots.length === 0 ? [facts.restoreRoot] : policy.restore_roots;
  return roots.map(facts.real);
}

function restoreFindings(
  policy: HostPolicy,
  payload: Extract<JobPayload, { kind: 'apply-restore' }>,
  facts: OrderFacts,
  isTrusted: boolean,
): Finding[] {
  const { accept } = policy;
  const findings: Finding[] = [];
  // What the order leaves out, the agent knows itself: whose repository that is.
  const owners = [payload.origin, find(payload.repository, facts)?.from];
  if (owners.some((owner) => owner !== undefined && owner !== facts.agentId)) {
    const reason = 'it is the restore point of another host';
    findings.push({ what: 'need', need: accept.restore_foreign, code: 'restore-foreign', reason, sshOnly: true });
  }
  if (isTrusted) return findings;
  findings.push(...neverFindings(policy, payload.target, facts));
  if (isBelowRoot(policy, facts.real(payload.target), facts)) findings.push(...needs(accept.restore, 'restore', 'restore'));
  else {
    const reason = `'${payload.target}' is outside the restore roots of this host`;
    findings.push({ what: 'need', need: accept.restore_elsewhere, code: 'restore-elsewhere', reason, sshOnly: true });
  }
  return findings;
}

function initialiseFindings(policy: HostPolicy, { repository }: Extract<JobPayload, { kind: 'initialise' }>, facts: OrderFacts): Finding[] {
  const known = find(repository, facts);
  if (known !== undefined) {
    if (known.location === repository.location && known.from === undefined) return [];
    return [{ what: 'refuse', code: 'repository-moved', reason: 'this agent has that repository at another place' }];
  }
  const home = facts.real(facts.repositoriesFolder);
  const folders = [home, ...policy.repositories.filter((place) => place.startsWith('/')).map(facts.real)];
  const place = repository.location.replace(/^local:/, '');
  const path = place.startsWith('/') ? facts.real(place) : undefined;
  const isBelow = path !== undefined && path !== home && folders.some((folder) => isWithin(path, folder));
  if (isBelow || policy.repositories.includes(repository.location)) return [];
  const reason = `'${repository.location}' is no place where this host keeps repositories`;
  return [{ what: 'need', need: policy.accept.repository, code: 'repository-elsewhere', reason }];
}

function forgetFindings(policy: HostPolicy, { repository }: Extract<JobPayload, { kind: 'forget' }>, facts: OrderFacts): Finding[] {
  if (policy.accept.forget !== 'local-keeper')
    return [{ what: 'refuse', code: 'forget-refused', reason: 'this host writes and never deletes; a keeper forgets' }];
  return ownFindings(repository, facts, false);
}

function slotFindings(policy: HostPolicy, { card, order }: Extract<JobPayload, { kind: 'grant-slot' }>, facts: OrderFacts): Finding[] {
  const reason = 'it hands a key of a repository to another host';
  // Signed card and order are verified by the job itself, against the pinned owner's roster, before any key is made.
  if (policy.accept.slot === 'approval' && facts.hasOwner && card !== null && order !== null) return [];
  const need = policy.accept.slot === 'approval' ? 'consent' : policy.accept.slot;
  return [{ what: 'need', need, code: 'slot-refused', reason }];
}

function acceptSlotFindings({ repository, from }: Extract<JobPayload, { kind: 'accept-slot' }>, facts: OrderFacts): Finding[] {
  if (from === facts.agentId) {
    // It would count as this host's own from then on, and be backed up into, with a key that others know.
    return [{ what: 'refuse', code: 'slot-own', reason: 'a key slot that comes from this host itself is no grant' }];
  }
  const known = find(repository, facts);
  if (known === undefined || (known.from === from && known.location === repository.location)) return [];
  return [
    { what: 'refuse', code: 'repository-known', reason: 'this agent has a repository of that id, which a key of others must not replace' },
  ];
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../');
}
