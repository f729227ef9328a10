import type { Plan, Slot } from '@fortfail/protocol';
import { useState } from 'react';
import { Link } from 'wouter';
import { useZone } from '../../api/preferences.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useNow } from '../../api/server-clock.ts';
import { counted } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';
import { HeatMap } from '../../ui/heat-map.tsx';
import { SlotLegend } from '../../ui/slots.tsx';
import { Answer } from '../../ui/states.tsx';
import { Swap } from '../../ui/swap.tsx';
import { Moment } from '../../ui/time.tsx';
import { slotMark, slotWord } from '../../ui/tone.ts';
import { slotGrid } from '../../view/slot-grid.ts';

const SHOWN_ROWS = 100;

const SlotTable = ({ slots }: { readonly slots: readonly Slot[] }) => (
  <div className="tw slot-table">
    <table className="t">
      <thead>
        <tr>
          <th scope="col">Due</th>
          <th scope="col">What</th>
          <th scope="col">Came to</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {slots.slice(0, SHOWN_ROWS).map((slot) => (
          <tr key={`${slot.kind} ${slot.dueAt}`}>
            <td>
              {slot.jobId === null ? (
                <Moment at={slot.dueAt} />
              ) : (
                <Link className="lk" href={`/jobs/${slot.jobId}`}>
                  <Moment at={slot.dueAt} />
                </Link>
              )}
            </td>
            <td>{slot.kind}</td>
            <td>{slot.status === 'due' ? 'due' : slotWord[slotMark[slot.status]]}</td>
            <td className="wr sec">{slot.reason ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

/** Every due moment of the last days, thirty at most, and what came of it. */
export const PlanSlots = ({ plan }: { readonly plan: Pick<Plan, 'id' | 'createdAt'> }) => {
  const zone = useZone();
  const now = useNow(60);
  const [isTable, setTable] = useState(false);
  const query = useRouteQuery('listSlots', { path: { planId: plan.id }, query: { limit: 1000 } });
  const slots = [...(query.data?.items ?? [])].sort((a, b) => (a.dueAt < b.dueAt ? 1 : -1));
  const grid = slotGrid(slots, now, zone, Date.parse(plan.createdAt));
  const { complete, partial, failed, missed, skipped } = grid.counts;
  const due = complete + partial + failed + missed + skipped;
  const wrong = [
    partial && `${partial} partial`,
    failed && `${failed} failed`,
    missed && `${missed} missed`,
    skipped && `${skipped} skipped`,
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <Card
      title="Slots"
      note={`by hour, ${zone}, ${grid.days.length} days`}
      busy={query.isPending}
      action={<Swap isTable={isTable} onSwap={setTable} of="slots" />}
      footer={
        query.data && (
          <>
            <span>
              {due === 0
                ? 'No slot was due yet. What was ordered by hand is among the points below.'
                : `${complete} of ${counted(due, 'due slot')} left a complete point`}
            </span>
            <span className="sp" />
            <span>{wrong}</span>
          </>
        )
      }
    >
      <Answer query={query} failed="The slots could not be read." works="They are still kept." rows={12}>
        {() =>
          isTable ? (
            <SlotTable slots={slots} />
          ) : (
            <>
              <HeatMap grid={grid} label={`Slots by day and hour: ${complete} complete${wrong ? `, ${wrong}` : ''}`} />
              <SlotLegend />
            </>
          )
        }
      </Answer>
    </Card>
  );
};
