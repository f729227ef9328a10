import { join } from 'node:path';
import { type Clock, FortFailError, isFortFailError, type Logger } from '@fortfail/base';
import type { JobPayload } from '@fortfail/protocol';
import { readApproval } from '@fortfail/trust';
import type { Alarms } from '../alarms/alarms.ts';
import type { AgentConfig } from '../config.ts';
import { realPath } from '../own-places.ts';
import type { PasswordFiles } from '../repositories/password-file.ts';
import type { Consents } from './consents.ts';
import type { HostPolicy } from './host-policy.ts';
import { judgeOrder, type OrderFacts } from './judge-order.ts';
import { orderDigest } from './order-digest.ts';
import type { PolicyWatch } from './policy-watch.ts';
import type { RosterBook } from './roster-book.ts';

export interface OrderGuardParts {
  readonly config: AgentConfig;
  readonly passwords: PasswordFiles;
  readonly watch: PolicyWatch;
  readonly consents: Consents;
  readonly rosters: RosterBook;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly agentId: () => string;
  readonly hasOwner: () => boolean;
  /** The link is the unix socket of this machine. */
  readonly isLocal: boolean;
}

/** The order as it may be done. Throws `denied`: what was refused is told and recorded, what needs consent is asked for. */
export async function allowOrder(payload: JobPayload, jobId: string, parts: OrderGuardParts): Promise<JobPayload> {
  const { watch, consents, alarms } = parts;
  const { policy } = await watch.read(alarms);
  const digest = orderDigest(payload);
  const facts = await gather(policy, payload, digest, parts);
  const verdict = judgeOrder(policy, payload, facts);
  if (verdict.verdict === 'refuse') {
    await alarms.raise('order-refused', `An order to ${doings[payload.kind]} was refused: ${verdict.reason}.`, jobId);
    throw new FortFailError({
      kind: 'denied',
      code: verdict.code,
      message: `unable to ${doings[payload.kind]}, ${verdict.reason}`,
      hint: 'The policy of that host decides; see `fortfail agent show` there.',
    });
  }
  if (verdict.verdict === 'needs-consent') throw await needsConsent(payload, digest, verdict.reason, jobId, parts);
  if (verdict.usesConsent) await consents.use(digest);
  if (payload.kind !== 'backup' || payload.source.kind !== 'files' || verdict.excludes.length === 0) return payload;
  const excludes = [...payload.source.excludes, ...verdict.excludes.map(literal)];
  return { ...payload, source: { ...payload.source, excludes } };
}

const doings: Readonly<Record<JobPayload['kind'], string>> = {
  initialise: 'make a repository',
  backup: 'back up',
  check: 'check a repository',
  drill: 'drill',
  'propose-restore': 'look at a restore',
  'apply-restore': 'restore',
  forget: 'forget restore points',
  escrow: 'seal a key to the recovery key',
  'grant-slot': 'make a key for another host',
  'accept-slot': 'take a key of another host',
};

async function needsConsent(
  payload: JobPayload,
  digest: string,
  reason: string,
  jobId: string,
  { consents, alarms, config }: OrderGuardParts,
): Promise<FortFailError> {
  const sentence = `${doings[payload.kind]}${detailOf(payload)}: ${reason}`;
  const words = (await consents.ask(digest, sentence)).join(' ');
  await alarms.raise('consent-needed', `An order waits for consent on this host: ${sentence}. Its words are: ${words}.`, jobId);
  return new FortFailError({
    kind: 'denied',
    code: 'consent-needed',
    message: `unable to ${doings[payload.kind]} before somebody on ${config.hostname} consents, ${reason}; its words are: ${words}`,
    hint: `On ${config.hostname} type: sudo fortfail agent approve ${words}. Then order it again within the hour.`,
  });
}

function detailOf(payload: JobPayload): string {
  switch (payload.kind) {
    case 'initialise':
      return ` '${payload.repository.name}' in '${payload.repository.location}'`;
    case 'apply-restore':
      return ` snapshot ${payload.snapshot.slice(0, 12)} of repository '${payload.repository.name}' into '${payload.target}'`;
    case 'grant-slot':
      return ` (${payload.to.hostname}, ${payload.to.agentId}) to repository '${payload.repository.name}'`;
    default:
      return ` in repository '${payload.repository.name}'`;
  }
}

async function gather(policy: HostPolicy, payload: JobPayload, digest: string, parts: OrderGuardParts): Promise<OrderFacts> {
  const { config, passwords, consents, agentId, hasOwner, isLocal } = parts;
  const facts = {
    agentId: agentId(),
    isLocal,
    hasOwner: hasOwner(),
    restoreRoot: config.restoreRoot,
    repositoriesFolder: join(config.dataFolder, 'repositories'),
    ownFolders: [config.agentFolder],
    repositories: await passwords.cards(),
    approvals: approvalsOf(payload, policy, parts),
    hasConsent: await consents.has(digest),
  };
  return { ...facts, real: await realPaths(pathsOf(policy, payload, facts)) };
}

/** Those approvals that hold; one that does not counts for nothing, and is said in the log. */
function approvalsOf(payload: JobPayload, policy: HostPolicy, parts: OrderGuardParts): OrderFacts['approvals'] {
  const roster = parts.rosters.current();
  if (payload.kind !== 'apply-restore' || roster === undefined) return [];
  // Signed was the proposal; that it is this one, the job finds out before it writes.
  const { approvals = [], digest: proposal } = payload;
  return approvals.flatMap((approval) => {
    try {
      const question = {
        roster,
        now: parts.clock.now(),
        action: 'restore',
        host: parts.agentId(),
        proposal,
        signers: policy.signers,
      };
      const { name, by } = readApproval(approval, question);
      return [{ by: name, kind: by }];
    } catch (err) {
      if (!isFortFailError(err, 'denied')) throw err;
      parts.logger.warn({ component: 'orders', err }, 'approval does not hold');
      return [];
    }
  });
}

function pathsOf(
  policy: HostPolicy,
  payload: JobPayload,
  facts: Pick<OrderFacts, 'restoreRoot' | 'repositoriesFolder' | 'ownFolders'>,
): string[] {
  const fixed = [...policy.paths, ...policy.never, ...policy.restore_roots, ...policy.repositories, ...facts.ownFolders];
  const named =
    payload.kind === 'backup' && payload.source.kind === 'files'
      ? payload.source.paths
      : payload.kind === 'apply-restore' || (payload.kind === 'propose-restore' && payload.target !== null)
        ? [payload.target ?? '']
        : payload.kind === 'initialise'
          ? [payload.repository.location.replace(/^local:/, '')]
          : [];
  return [...fixed, facts.restoreRoot, facts.repositoriesFolder, ...named].filter((path) => path.startsWith('/'));
}

/** Follows links now, so that the judgement itself looks at nothing. */
async function realPaths(paths: readonly string[]): Promise<(path: string) => string> {
  const found = new Map(await Promise.all([...new Set(paths)].map(async (path) => [path, await realPath(path)] as const)));
  return (path) => found.get(path) ?? path;
}

/** Characters that a pattern would take for more than themselves. */
function literal(path: string): string {
  return path.replaceAll(/[\\*?[\]]/g, '\\$&');
}
