import type { PlanState } from '@fortfail/protocol';
import { useRouteQuery } from '../../api/queries.ts';
import { Page } from '../../shell/page.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote, Skeleton } from '../../ui/states.tsx';
import { Chip } from '../../ui/status.tsx';
import { verdictTone, verdictWord } from '../../ui/tone.ts';
import { PlanVerbButton } from '../../ui/verbs.tsx';
import { PlanConfiguration } from './plan-configuration.tsx';
import { PlanDrills } from './plan-drills.tsx';
import { PlanFigures } from './plan-figures.tsx';
import { PlanPoints } from './plan-points.tsx';
import { PlanRetention } from './plan-retention.tsx';
import { PlanSlots } from './plan-slots.tsx';
import './plan.css';

const kindWord = ({ source }: PlanState['plan'], host: string | undefined): string =>
  `${source.kind === 'config' ? 'FortFail itself' : 'Files'}${host ? ` on ${host}` : ''}`;

const Head = ({ state }: { readonly state: PlanState }) => {
  const { plan, verdict, sentence } = state;
  const agents = useRouteQuery('listAgents').data?.items;
  const host = agents?.find(({ id }) => id === plan.agentId)?.hostname;
  return (
    <div className="head">
      <div>
        <div className="title">
          <h1>{plan.name}</h1>
          <Chip tone={verdictTone[verdict]}>{verdictWord[verdict]}</Chip>
          <span className="chip plain el">{kindWord(plan, host)}</span>
        </div>
        <p className="sub">{sentence}</p>
      </div>
      <span className="sp" />
      <div className="verbs">
        {state.runningJobId !== null && <ButtonLink href={`/jobs/${state.runningJobId}`}>Follow the running job</ButtonLink>}
        <PlanVerbButton verb="backUp" state={state} primary />
        <ButtonLink href={`/restores/new?plan=${plan.id}`}>Restore…</ButtonLink>
        <PlanVerbButton verb="drillPlan" state={state} />
      </div>
    </div>
  );
};

/** One plan: its state against its promise, its slots, drills, points, and what would be kept. */
export const PlanPage = ({ planId }: { readonly planId: string }) => {
  const query = useRouteQuery('getPlan', { path: { planId } });
  const state = query.data;
  const name = state?.plan.name ?? 'Plan';
  return (
    <Page title={name} crumbs={[{ label: 'Plans', href: '/plans' }, { label: name }]} plan={state && { id: planId, name }}>
      {!state && query.error !== null && (
        <>
          <h1>This plan could not be read</h1>
          <ErrorNote title="The plan could not be read." error={query.error} onRetry={() => void query.refetch()} />
        </>
      )}
      {!state && query.error === null && (
        <>
          <h1 className="vh">Plan</h1>
          <Card title="State" busy flush>
            <Skeleton rows={4} />
          </Card>
          <Card title="Slots" busy flush>
            <Skeleton rows={12} />
          </Card>
        </>
      )}
      {state && (
        <>
          <Head state={state} />
          <PlanFigures state={state} />
          <div className="grid">
            <div className="c7 col gap-4">
              <PlanSlots plan={state.plan} />
              <PlanPoints state={state} />
            </div>
            <div className="c5 col gap-4">
              <PlanDrills state={state} />
              <PlanRetention state={state} />
              <PlanConfiguration plan={state.plan} />
            </div>
          </div>
        </>
      )}
    </Page>
  );
};
