import type { PlanState } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { useIsNarrow } from '../../render/use-media.ts';
import { DayStrip } from '../../ui/slots.tsx';
import { Glyph, GradePip } from '../../ui/status.tsx';
import { Age } from '../../ui/time.tsx';
import { verdictTone, verdictWord } from '../../ui/tone.ts';
import { AgeCell, NextCell, ReturnCell } from './promise-cells.tsx';
import './promises.css';

interface PromisesProps {
  /** Already in the order to show. */
  readonly plans: readonly PlanState[];
}

/** What a plan reads, in few words. */
export const sourceText = ({ source }: PlanState['plan']): string => {
  if (source.kind === 'config') return 'FortFail itself';
  const [first = '', ...more] = source.paths;
  return more.length > 0 ? `${first} and ${more.length} more` : first;
};

const PlanName = ({ state }: { readonly state: PlanState }) => (
  <span className="name">
    <Glyph tone={verdictTone[state.verdict]} />
    <span className="vh">{verdictWord[state.verdict]}: </span>
    <Link className="m el" data-row href={`/plans/${state.plan.id}`}>
      {state.plan.name}
    </Link>
  </span>
);

const PromiseCard = ({ state }: { readonly state: PlanState }) => (
  <li className="promise-card" data-plan-id={state.plan.id} data-plan-name={state.plan.name}>
    <span className="row">
      <PlanName state={state} />
      <span className="sp" />
      {state.newestPoint ? <GradePip grade={state.newestPoint.grade} /> : <span className="unknown">no point</span>}
    </span>
    <span className="promise-lines">
      <span className="xs dim">Age</span>
      <AgeCell state={state} width={92} />
      <span className="xs dim">Return</span>
      <ReturnCell state={state} width={92} />
      <span className="xs dim">Next slot</span>
      <NextCell state={state} />
    </span>
    <DayStrip days={state.days} cell={10} />
  </li>
);

const PromiseRow = ({ state, host }: { readonly state: PlanState; readonly host: string }) => (
  <tr data-plan-id={state.plan.id} data-plan-name={state.plan.name}>
    <td>
      <PlanName state={state} />
    </td>
    <td className="wide-2 sec">{host}</td>
    <td className="wide-1 sec">
      <span className="source el" title={sourceText(state.plan)}>
        {sourceText(state.plan)}
      </span>
    </td>
    <td>
      <AgeCell state={state} />
    </td>
    <td>{state.newestPoint ? <GradePip grade={state.newestPoint.grade} /> : <span className="dim">–</span>}</td>
    <td>
      <ReturnCell state={state} />
    </td>
    <td className="num wide-2">{state.lastDrill ? <Age at={state.lastDrill.at} /> : <span className="dim">–</span>}</td>
    <td>
      <DayStrip days={state.days} />
    </td>
    <td>
      <NextCell state={state} />
    </td>
  </tr>
);

/** Every promise beside what was measured: a table, or cards where there is no room for one. */
export const Promises = ({ plans }: PromisesProps) => {
  const isNarrow = useIsNarrow();
  const agents = useRouteQuery('listAgents').data?.items ?? [];
  if (isNarrow)
    return (
      <ul>
        {plans.map((state) => (
          <PromiseCard key={state.plan.id} state={state} />
        ))}
      </ul>
    );
  const hostOf = (agentId: string) => agents.find(({ id }) => id === agentId)?.hostname ?? '';
  return (
    <div className="tw">
      <table className="t tight promises">
        <thead>
          <tr>
            <th scope="col">Plan</th>
            <th scope="col" className="wide-2">
              Host
            </th>
            <th scope="col" className="wide-1">
              Source
            </th>
            <th scope="col">Newest point, age of promise</th>
            <th scope="col">Grade</th>
            <th scope="col">Last drill, time of promise</th>
            <th scope="col" className="num wide-2">
              Ago
            </th>
            <th scope="col">30 days</th>
            <th scope="col">Next slot</th>
          </tr>
        </thead>
        <tbody>
          {plans.map((state) => (
            <PromiseRow key={state.plan.id} state={state} host={hostOf(state.plan.agentId)} />
          ))}
        </tbody>
      </table>
    </div>
  );
};
