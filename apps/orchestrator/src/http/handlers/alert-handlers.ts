import { FortFailError } from '@fortfail/base';
import type { Alert } from '@fortfail/protocol';
import { sql } from 'kysely';
import { toAlert } from '../../alerts/alerts.ts';
import type { AlertTable } from '../../database/tables.ts';
import type { Services } from '../../services.ts';
import type { Call, Handlers } from '../call.ts';
import { badCursor, decodeCursor, toPage } from '../cursors.ts';

type AlertRoutes = 'listAlerts' | 'acknowledgeAlert';

/** What somebody should look after. */
export function alertHandlers(services: Services): Pick<Handlers, AlertRoutes> {
  return {
    listAlerts: (call) => listAlerts(services, call),
    acknowledgeAlert: async (call) => ({ body: await acknowledge(services, call) }),
  };
}

const isOpen = sql<number>`case when ended_at is null then 1 else 0 end`;

/** Open ones first, then the newest. A position is `1` or `0` for open, a space, and when the alert was opened. */
async function listAlerts(services: Services, call: Call<'listAlerts'>): ReturnType<Handlers['listAlerts']> {
  const { limit, open } = call.query;
  let query = services.database.read
    .selectFrom('alert')
    .selectAll()
    .orderBy(isOpen, 'desc')
    .orderBy('opened_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (open !== undefined) query = query.where('ended_at', open === 'true' ? 'is' : 'is not', null);
  const position = decodeCursor(call.query.cursor);
  if (position !== undefined) {
    const [, rank = '', at = ''] = /^([01]) (\S{1,40})$/.exec(position.at) ?? [];
    if (rank === '') throw badCursor();
    query = query.where((eb) =>
      eb.or([
        eb(isOpen, '<', Number(rank)),
        eb.and([eb(isOpen, '=', Number(rank)), eb('opened_at', '<', at)]),
        eb.and([eb(isOpen, '=', Number(rank)), eb('opened_at', '=', at), eb('id', '<', position.id)]),
      ]),
    );
  }
  const rows = await query.execute();
  const positionOf = (row: AlertTable) => ({ at: `${row.ended_at === null ? 1 : 0} ${row.opened_at}`, id: row.id });
  return { body: toPage(rows, limit, positionOf, (row) => call.sees(referenceOf(row)), toAlert) };
}

/** Once is enough: who acknowledged first stays on record. What has ended needs nobody. */
async function acknowledge(services: Services, call: Call<'acknowledgeAlert'>): Promise<Alert> {
  const id = call.id('alertId');
  const seen = await services.database.read.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirst();
  if (seen === undefined)
    throw new FortFailError({ kind: 'not-found', code: 'no-such-alert', message: `unable to find alert '${id.slice(0, 64)}'` });
  call.check(referenceOf(seen));
  return services.changes.run(call.context, async (change) => {
    const changed = await change.tx
      .updateTable('alert')
      .set({ acknowledged_at: change.now, acknowledged_by: call.principal.name })
      .where('id', '=', id)
      .where('acknowledged_at', 'is', null)
      .where('ended_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (changed === undefined)
      return change.nothing(toAlert(await change.tx.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirstOrThrow()));
    change.audit({ action: 'alert.acknowledge', object: { kind: 'alert', id } });
    change.event('alert', id, changed.plan_id);
    return toAlert(changed);
  });
}

function referenceOf(row: AlertTable) {
  return { kind: 'alert', planId: row.plan_id, agentId: row.agent_id } as const;
}
