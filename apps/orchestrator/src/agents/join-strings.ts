import { FortFailError } from '@fortfail/base';
import type { JoinString } from '@fortfail/protocol';
import { encodeJoinString } from '@fortfail/trust';
import { newSecret, secretHash } from '../access/secrets.ts';
import { raiseAlert } from '../alerts/alerts.ts';
import type { Change } from '../changes/changes.ts';
import type { JoinTokenTable } from '../database/tables.ts';
import { newId } from '../ids.ts';
import type { SiteDoor } from '../listening/exposure.ts';
import { holdAgent } from './standing.ts';

const secretBytes = 20;
const hourMs = 3_600_000;
/** Life of an agent's certificate; of one on a host that cannot renew it by itself. */
export const certificateDays = 30;
const airGapDays = 400;
/** Longer ones must name the host that may use them. */
const unboundHours = 24;
/** Tokens are remembered for so long after their end, to notice who tries one again. */
const rememberedMs = 30 * 24 * hourMs;

export interface JoinDraft {
  readonly hostname: string | null;
  readonly hours: number;
  readonly airGap: boolean;
}

/** What stands in a join string besides its token. */
export interface JoinFacts {
  readonly door: SiteDoor;
  readonly owner: string | undefined;
  readonly recovery: string | undefined;
}

/** Makes a join string: shown once, its token stored as a hash. Throws `invalid-input`. */
export async function createJoinString(change: Change, draft: JoinDraft, facts: JoinFacts, by: string): Promise<JoinString> {
  if (draft.hours > unboundHours && draft.hostname === null) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'join-string-unbound',
      message: `unable to make a join string for more than ${unboundHours} hours that any host may use`,
      hint: 'Name the host, or take a shorter time.',
    });
  }
  const token = newSecret(secretBytes);
  const expiresMs = Date.parse(change.now) + draft.hours * hourMs;
  const expiresAt = new Date(expiresMs).toISOString();
  const id = newId('jtk');
  const row: JoinTokenTable = {
    id,
    hash: secretHash(token),
    hostname: draft.hostname,
    created_by: by,
    created_at: change.now,
    expires_at: expiresAt,
    days: draft.airGap ? airGapDays : certificateDays,
    used_at: null,
    agent_id: null,
    tried_at: null,
  };
  await change.tx.insertInto('join_token').values(row).execute();
  await change.tx
    .deleteFrom('join_token')
    .where('expires_at', '<', new Date(Date.parse(change.now) - rememberedMs).toISOString())
    .execute();
  change.audit({
    action: 'join-string.create',
    object: { kind: 'site', id },
    detail: { hostname: draft.hostname, expiresAt, airGap: draft.airGap },
  });
  const { door, owner, recovery } = facts;
  const joinString = encodeJoinString({
    u: door.url,
    c: door.pin as `sha256:${string}`,
    ...(owner === undefined ? {} : { o: owner }),
    ...(recovery === undefined ? {} : { r: recovery }),
    t: token,
    x: Math.floor(expiresMs / 1000),
  });
  // printf is built into the shell, so the secret stands in no argument list.
  return { joinString, command: `printf %s '${joinString}' | sudo fortfail agent enrol`, url: door.url, expiresAt };
}

/** The token as it is stored, whatever its state. */
export async function findToken(reader: Pick<Change['tx'], 'selectFrom'>, token: string): Promise<JoinTokenTable | undefined> {
  return reader.selectFrom('join_token').selectAll().where('hash', '=', secretHash(token)).executeTakeFirst();
}

/** Uses a token up for an agent; of two at once one wins. False when it is unknown, used, expired or another host's. */
export async function useToken(change: Change, token: string, hostname: string, agentId: string): Promise<boolean> {
  const used = await change.tx
    .updateTable('join_token')
    .set({ used_at: change.now, agent_id: agentId })
    .where('hash', '=', secretHash(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', change.now)
    .where((eb) => eb.or([eb('hostname', 'is', null), eb('hostname', '=', hostname)]))
    .returning('id')
    .executeTakeFirst();
  return used !== undefined;
}

/**
 * A token that was used came again: either side may be the thief, so the agent that it made is held. Once: after somebody
 * looked, further tries only count.
 */
export async function noteSecondUse(change: Change, token: JoinTokenTable, hostname: string): Promise<void> {
  const { agent_id: agentId } = token;
  const first = await change.tx
    .updateTable('join_token')
    .set({ tried_at: change.now })
    .where('id', '=', token.id)
    .where('tried_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (agentId === null) return change.nothing();
  if (first === undefined) {
    await raiseAlert(change, {
      kind: 'token-reused',
      severity: 'at-risk',
      object: { kind: 'agent', id: agentId },
      sentence: 'The join string of this agent, which is used up, was tried again. Nobody got in by it.',
    });
    return;
  }
  change.audit({ action: 'join-string.reuse', object: { kind: 'agent', id: agentId }, outcome: 'refused', personal: { hostname } });
  const reason = 'Its join string was used a second time: whoever came first may not have been that host.';
  await holdAgent(change, agentId, { reason, alert: 'token-reused' });
}

/** One text for all reasons, so that nobody learns which tokens there were. */
export function badToken(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'bad-join-token',
    message: 'unable to enrol, the join string is unknown, used, expired or for another host',
    hint: 'Make another one with `fortfail expose` or in the console.',
  });
}
