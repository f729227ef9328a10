import type { Overview } from '@fortfail/protocol';
import { useState } from 'react';
import { useRouteQuery } from '../../api/queries.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { SlotLegend } from '../../ui/slots.tsx';
import { ErrorNote, Skeleton } from '../../ui/states.tsx';
import { FirstSteps } from './first-steps.tsx';
import { Hero } from './hero.tsx';
import { NeedsPerson } from './needs-person.tsx';
import { NowRunning } from './now-running.tsx';
import { Promises } from './promises.tsx';
import { Repositories } from './repositories.tsx';
import './overview.css';

const Loading = () => (
  <>
    <h1 className="vh">Overview</h1>
    <Card title="Are we safe?" busy>
      <Skeleton rows={4} />
    </Card>
    <div className="grid str">
      <div className="c7 col">
        <Card title="Needs a person now" busy flush>
          <Skeleton rows={5} />
        </Card>
      </div>
      <div className="c5 col">
        <Card title="Now running" busy flush>
          <Skeleton rows={5} />
        </Card>
      </div>
    </div>
    <Card title="Promises" busy flush>
      <Skeleton rows={8} />
    </Card>
  </>
);

const PromisesCard = ({ overview }: { readonly overview: Overview }) => {
  const [order, setOrder] = useState<'worst' | 'name'>('worst');
  const plans = order === 'worst' ? overview.plans : [...overview.plans].sort((a, b) => a.plan.name.localeCompare(b.plan.name));
  const sorting = (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form.
    <div className="seg-ctl" role="group" aria-label="Order">
      <button type="button" aria-pressed={order === 'worst'} onClick={() => setOrder('worst')}>
        Worst first
      </button>
      <button type="button" aria-pressed={order === 'name'} onClick={() => setOrder('name')}>
        By name
      </button>
    </div>
  );
  return (
    <div id="promises">
      <Card title="Promises" note="The tick on a bar is the promise. Pale: what the age will be at the next slot." action={sorting} flush>
        <Promises plans={plans} />
        <div className="foldnote">
          <SlotLegend />
        </div>
      </Card>
    </div>
  );
};

/** "Are we safe?" */
export const OverviewPage = () => {
  const query = useRouteQuery('overview');
  const overview = query.data;
  return (
    <Page title="Overview" crumbs={[{ label: 'Overview' }]}>
      {!overview && query.error !== null && (
        <>
          <h1>Whether we are safe cannot be told</h1>
          <ErrorNote
            title="The overview could not be read."
            error={query.error}
            works="Jobs under way go on."
            onRetry={() => void query.refetch()}
          />
        </>
      )}
      {!overview && query.error === null && <Loading />}
      {overview && (
        <>
          <Hero overview={overview} />
          {overview.plans.length === 0 ? (
            <FirstSteps />
          ) : (
            <>
              <div className="grid str">
                <div className="c7 col">
                  <NeedsPerson plans={overview.plans} />
                </div>
                <div className="c5 col gap-4">
                  <Repositories repositories={overview.repositories} />
                  <NowRunning jobs={overview.running} />
                </div>
              </div>
              <PromisesCard overview={overview} />
            </>
          )}
        </>
      )}
    </Page>
  );
};
