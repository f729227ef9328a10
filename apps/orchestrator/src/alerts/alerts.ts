import type { Alert } from '@fortfail/protocol';
import type { Change } from '../changes/changes.ts';
import type { AlertTable } from '../database/tables.ts';
import { newId } from '../ids.ts';

/** No sentence of ours is longer; what an agent says in one may be. */
export const maxSentence = 1000;
/** Worse ones come later. */
const severities: readonly string[] = ['info', 'at-risk', 'broken'] satisfies Alert['severity'][];

/** What an alert is about. Together with its kind it names the alert while it lasts. */
export type AlertObject = Alert['object'];

/** Something that a person should know of. */
export interface AlertDraft {
  /** `agent-held`, `token-reused`, `witness-differs`... */
  readonly kind: string;
  readonly severity: Alert['severity'];
  readonly object: AlertObject;
  /** What is true, since when, what to do. */
  readonly sentence: string;
  /** Whose it is, so that those with a right for one plan or host see it. An object that is a plan or an agent says so itself. */
  readonly planId?: string | null;
  readonly agentId?: string | null;
}

/**
 * Raises an alert, or counts it once more while it is open: there is one open row for each kind and object. What got worse
 * since somebody acknowledged it wants to be looked at again. Puts itself on record.
 */
export async function raiseAlert(change: Change, draft: AlertDraft): Promise<void> {
  const { kind, severity, object } = draft;
  const sentence = draft.sentence.slice(0, maxSentence);
  const open = await openAlert(change, kind, object);
  const isWorse = open !== undefined && severities.indexOf(severity) > severities.indexOf(open.severity);
  const planId = draft.planId ?? (object.kind === 'plan' ? object.id : null);
  const row: AlertTable = {
    id: newId('alr'),
    kind,
    severity,
    object_kind: object.kind,
    object_id: object.id,
    plan_id: planId,
    agent_id: draft.agentId ?? (object.kind === 'agent' ? object.id : null),
    sentence,
    count: 1,
    opened_at: change.now,
    last_at: change.now,
    acknowledged_at: null,
    acknowledged_by: null,
    ended_at: null,
  };
  const stored = await change.tx
    .insertInto('alert')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['kind', 'object_kind', 'object_id'])
        .where('ended_at', 'is', null)
        .doUpdateSet((eb) => ({
          count: eb('alert.count', '+', 1),
          severity,
          sentence,
          last_at: change.now,
          ...(isWorse ? { acknowledged_at: null, acknowledged_by: null } : {}),
        })),
    )
    .returning(['id', 'count'])
    .executeTakeFirstOrThrow();
  change.audit({
    action: 'alert.raise',
    object: { kind: 'alert', id: stored.id },
    detail: { kind, severity, of: `${object.kind}:${object.id}` },
  });
  change.event('alert', stored.id, planId);
}

/** Ends the alert of that kind and object; nothing happens when none is open. Puts itself on record. */
export async function endAlert(change: Change, alert: { readonly kind: string; readonly object: AlertObject }): Promise<void> {
  const ended = await change.tx
    .updateTable('alert')
    .set({ ended_at: change.now })
    .where('kind', '=', alert.kind)
    .where('object_kind', '=', alert.object.kind)
    .where('object_id', '=', alert.object.id)
    .where('ended_at', 'is', null)
    .returning(['id', 'plan_id'])
    .executeTakeFirst();
  if (ended === undefined) return change.nothing();
  change.audit({ action: 'alert.end', object: { kind: 'alert', id: ended.id }, detail: { kind: alert.kind } });
  change.event('alert', ended.id, ended.plan_id);
}

/** The alert as the API tells it. */
export function toAlert(row: AlertTable): Alert {
  return {
    id: row.id,
    kind: row.kind,
    severity: row.severity as Alert['severity'],
    object: { kind: row.object_kind, id: row.object_id },
    sentence: row.sentence,
    count: row.count,
    openedAt: row.opened_at,
    lastAt: row.last_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    endedAt: row.ended_at,
  };
}

async function openAlert(change: Change, kind: string, object: AlertObject): Promise<{ severity: string } | undefined> {
  return change.tx
    .selectFrom('alert')
    .select('severity')
    .where('kind', '=', kind)
    .where('object_kind', '=', object.kind)
    .where('object_id', '=', object.id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
}
