import { useRouteQuery } from '../../api/queries.ts';
import { counted } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { SlotLegend } from '../../ui/slots.tsx';
import { Answer } from '../../ui/states.tsx';
import { Promises } from '../overview/promises.tsx';

/** Every plan, worst first. */
export const PlansPage = () => {
  const query = useRouteQuery('listPlans', { query: { limit: 200 } });
  const plans = query.data?.items;
  const kept = plans?.filter(({ verdict }) => verdict === 'kept' || verdict === 'held').length ?? 0;
  return (
    <Page title="Plans" crumbs={[{ label: 'Plans' }]}>
      <div className="head">
        <div>
          <h1>
            {plans === undefined
              ? 'Plans'
              : plans.length === 0
                ? 'There is no plan yet'
                : `${kept} of ${counted(plans.length, 'plan')} would come back as promised`}
          </h1>
          <p className="sub">A plan says what is protected, where to, when, what stays, and what is promised.</p>
        </div>
      </div>
      <Card title="Plans" note="worst first" flush busy={query.isPending}>
        <Answer query={query} failed="The plans could not be read." works="Jobs under way go on." rows={8}>
          {({ items, nextCursor }) =>
            items.length === 0 ? (
              <div className="empty">
                <p>
                  <b className="m">Nothing is protected yet.</b> <span className="sec">Name a folder in the terminal:</span>
                </p>
                <code>npm start -- --protect /path/to/a/folder</code>
              </div>
            ) : (
              <>
                <Promises plans={items} />
                <div className="foldnote">
                  {nextCursor && <p className="xs sec">Only the first {items.length} are shown, worst first.</p>}
                  <SlotLegend />
                </div>
              </>
            )
          }
        </Answer>
      </Card>
    </Page>
  );
};
