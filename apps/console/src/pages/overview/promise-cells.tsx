import type { PlanState } from '@fortfail/protocol';
import { Link } from 'wouter';
import { duration, measured } from '../../format/duration.ts';
import { PromiseBar } from '../../ui/promise-bar.tsx';
import { Until, useAge } from '../../ui/time.tsx';

interface CellProps {
  readonly state: PlanState;
  readonly width?: number;
}

const KnownAge = ({ state, time, width }: CellProps & { readonly time: string }) => {
  const age = useAge(time);
  const { rpoSeconds } = state.plan.promise;
  const next = state.nextSlotAt === null ? undefined : (Date.parse(state.nextSlotAt) - Date.parse(time)) / 1000;
  const isAtRisk = age > rpoSeconds * 0.8 || (next !== undefined && next > rpoSeconds);
  const tone = age > rpoSeconds ? 'lost b' : isAtRisk ? 'risk b' : '';
  return (
    <span className="row">
      <PromiseBar
        value={age}
        promise={rpoSeconds}
        next={next}
        isAtRisk={isAtRisk}
        label={`Newest point is ${duration(age)} old, the promise is ${duration(rpoSeconds)}`}
        {...(width ? { width } : {})}
      />
      <span className={`nw ${tone}`}>{duration(age)}</span>
      <span className="dim xs nw">of {duration(rpoSeconds)}</span>
    </span>
  );
};

/** The newest point's age beside its promise. */
export const AgeCell = ({ state, width }: CellProps) => {
  if (state.newestPoint) return <KnownAge state={state} time={state.newestPoint.time} {...(width ? { width } : {})} />;
  const { rpoSeconds } = state.plan.promise;
  return (
    <span className="row">
      <PromiseBar value={undefined} promise={rpoSeconds} label="No complete restore point is known" {...(width ? { width } : {})} />
      <span className="unknown nw">no point</span>
      <span className="dim xs nw">of {duration(rpoSeconds)}</span>
    </span>
  );
};

/** The last drill's measured time beside its promise. */
export const ReturnCell = ({ state, width }: CellProps) => {
  const { lastDrill } = state;
  const { rtoSeconds } = state.plan.promise;
  const size = width ? { width } : {};
  const promised = <span className="dim xs nw">of {duration(rtoSeconds)}</span>;
  if (lastDrill === null)
    return (
      <span className="row">
        <PromiseBar value={undefined} promise={rtoSeconds} label="Never drilled, no time measured" {...size} />
        <span className="unknown nw">not drilled</span>
        {promised}
      </span>
    );
  if (lastDrill.outcome === 'failed')
    return (
      <span className="row">
        <PromiseBar value="failed" promise={rtoSeconds} label="Last drill failed, no time measured" {...size} />
        <span className="lost b nw">failed</span>
        {promised}
      </span>
    );
  const isOver = lastDrill.rtoSeconds > rtoSeconds;
  return (
    <span className="row">
      <PromiseBar
        value={lastDrill.rtoSeconds}
        promise={rtoSeconds}
        label={`Last drill took ${measured(lastDrill.rtoSeconds)}, the promise is ${duration(rtoSeconds)}`}
        {...size}
      />
      <span className={isOver ? 'nw lost b' : 'nw'}>{measured(lastDrill.rtoSeconds)}</span>
      {promised}
    </span>
  );
};

/** When the plan acts next. */
export const NextCell = ({ state }: CellProps) => {
  if (state.runningJobId !== null)
    return (
      <Link className="lk" href={`/jobs/${state.runningJobId}`}>
        runs now
      </Link>
    );
  if (state.nextSlotAt === null) return <span className="dim">{state.plan.enabled ? '–' : 'switched off'}</span>;
  return <Until at={state.nextSlotAt} />;
};
