import { type RetainedPoint, retainPoints } from '@fortfail/policy';
import type { RetentionPreview } from '@fortfail/protocol';
import type { PlanTable } from '../database/tables.ts';
import { toPlan } from '../plans/plan-rows.ts';
import type { Services } from '../services.ts';

/** What the plan's keep rules say about each of its points, newest first, decided on the time the site received them. */
export async function previewRetention(services: Pick<Services, 'database' | 'clock'>, row: PlanTable): Promise<RetentionPreview> {
  const plan = toPlan(row);
  const rows = await services.database.read
    .selectFrom('restore_point')
    .selectAll()
    .where('plan_id', '=', plan.id)
    .where('forgotten_at', 'is', null)
    .execute();
  const points = rows.map((point) => ({
    id: point.id,
    time: point.time,
    receivedAt: new Date(point.received_at),
    grade: point.grade as RetainedPoint['grade'],
  }));
  const now = services.clock.now();
  const verdicts = retainPoints(points, plan.keep, { now, zone: plan.schedule.zone });
  const remove = verdicts.filter(({ verdict }) => verdict === 'remove').length;
  return {
    decidedAt: now.toISOString(),
    keep: verdicts.length - remove,
    remove,
    points: verdicts.map(({ point, verdict, reasons }) => ({
      restorePointId: point.id,
      time: point.time,
      grade: point.grade,
      verdict,
      reasons: [...reasons],
    })),
  };
}
