import type { PlanState } from '@fortfail/protocol';
import { useState } from 'react';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { Card } from '../../ui/card.tsx';
import { DrillTable, DrillTrend, PhaseLegend } from '../../ui/drill-trend.tsx';
import { Answer } from '../../ui/states.tsx';
import { Swap } from '../../ui/swap.tsx';

/** How long coming back took, drill by drill. */
export const PlanDrills = ({ state: { plan, lastDrill } }: { readonly state: PlanState }) => {
  const [isTable, setTable] = useState(false);
  const query = useRouteQuery('listDrills', { query: { planId: plan.id, limit: 13 } });
  return (
    <Card
      title="Drills: time to return against the promise"
      busy={query.isPending}
      flush={isTable}
      action={<Swap isTable={isTable} onSwap={setTable} of="drills" />}
      footer={
        <>
          <span>
            {plan.drillSchedule === null ? 'Drilled by hand only' : `Drilled at ${plan.drillSchedule.cron}, ${plan.drillSchedule.zone}`}
          </span>
          <span className="sp" />
          {lastDrill && (
            <Link className="lk" href={`/drills/${lastDrill.id}`}>
              Evidence of the last one
            </Link>
          )}
        </>
      }
    >
      <Answer query={query} failed="The drills could not be read." works="Points are still made." rows={6}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="sec">
              <b className="m">Never drilled.</b> Nobody knows how long it takes to come back, or whether it does.
            </p>
          ) : isTable ? (
            <DrillTable drills={items} />
          ) : (
            <>
              <DrillTrend drills={items} promiseSeconds={plan.promise.rtoSeconds} />
              <PhaseLegend />
            </>
          )
        }
      </Answer>
    </Card>
  );
};
