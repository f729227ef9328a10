import type { PlanState } from '@fortfail/protocol';
import { Link } from 'wouter';
import { duration, measured } from '../../format/duration.ts';
import { count } from '../../format/quantity.ts';
import { Figure } from '../../ui/card.tsx';
import { PromiseBar } from '../../ui/promise-bar.tsx';
import { Moment, Until, useAge } from '../../ui/time.tsx';

interface FiguresProps {
  readonly state: PlanState;
}

const NewestFigure = ({ state, time }: FiguresProps & { readonly time: string }) => {
  const age = useAge(time);
  const { rpoSeconds } = state.plan.promise;
  const next = state.nextSlotAt === null ? undefined : (Date.parse(state.nextSlotAt) - Date.parse(time)) / 1000;
  const isAtRisk = age > rpoSeconds * 0.8 || (next !== undefined && next > rpoSeconds);
  const tone = age > rpoSeconds ? 'lost' : isAtRisk ? 'risk' : '';
  return (
    <Figure
      name="Newest point"
      value={<span className={tone}>{duration(age)}</span>}
      detail={
        <>
          promise {duration(rpoSeconds)}
          <PromiseBar
            value={age}
            promise={rpoSeconds}
            next={next}
            isAtRisk={isAtRisk}
            width={150}
            label={`${duration(age)} of ${duration(rpoSeconds)}${next === undefined ? '' : `, ${duration(next)} at the next slot`}`}
          />
        </>
      }
    />
  );
};

const DrillFigure = ({ state: { lastDrill, plan } }: FiguresProps) => {
  const { rtoSeconds } = plan.promise;
  if (lastDrill === null)
    return (
      <Figure
        name="Last drill"
        value={<span className="unknown">none</span>}
        detail={<>promise {duration(rtoSeconds)}, never measured</>}
      />
    );
  const didPass = lastDrill.outcome === 'passed';
  const isOver = didPass && lastDrill.rtoSeconds > rtoSeconds;
  return (
    <Figure
      name={
        <>
          Last drill, <Moment at={lastDrill.at} />
        </>
      }
      value={
        <Link href={`/drills/${lastDrill.id}`} className={isOver || !didPass ? 'lost' : ''}>
          {didPass ? measured(lastDrill.rtoSeconds) : 'failed'}
        </Link>
      }
      detail={
        <>
          promise {duration(rtoSeconds)}
          <PromiseBar
            value={didPass ? lastDrill.rtoSeconds : 'failed'}
            promise={rtoSeconds}
            width={150}
            label={didPass ? `${measured(lastDrill.rtoSeconds)} of ${duration(rtoSeconds)}` : 'The last drill failed, no time was measured'}
          />
        </>
      }
    />
  );
};

const PointsFigure = ({ state: { points } }: FiguresProps) => {
  const parts = (['complete', 'checked', 'drilled', 'partial'] as const).filter((grade) => points[grade] > 0);
  const total = points.complete + points.checked + points.drilled + points.partial;
  return (
    <Figure
      name="Restore points"
      value={count(total)}
      detail={parts.map((grade) => `${count(points[grade])} ${grade}`).join(', ') || 'none yet'}
    />
  );
};

/** The plan's figures, each beside its promise. */
export const PlanFigures = ({ state }: FiguresProps) => (
  <dl className="card figs">
    {state.newestPoint ? (
      <NewestFigure state={state} time={state.newestPoint.time} />
    ) : (
      <Figure
        name="Newest point"
        value={<span className="unknown">none</span>}
        detail={<>promise {duration(state.plan.promise.rpoSeconds)}</>}
      />
    )}
    <DrillFigure state={state} />
    <PointsFigure state={state} />
    <Figure
      name="Next slot"
      value={state.nextSlotAt === null ? <span className="dim">–</span> : <Until at={state.nextSlotAt} />}
      detail={
        state.nextSlotAt === null ? state.plan.enabled ? 'no slot is due' : 'the plan is switched off' : <Moment at={state.nextSlotAt} />
      }
    />
  </dl>
);
