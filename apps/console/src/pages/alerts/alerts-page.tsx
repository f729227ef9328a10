import { useInfiniteQuery } from '@tanstack/react-query';
import { pagedQuery } from '../../api/queries.ts';
import { count } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { alertsTitle, inOrder } from '../../view/alert-views.ts';
import { EndedAlerts } from './ended-alerts.tsx';
import { OpenAlerts } from './open-alerts.tsx';
import './alerts.css';

/** What somebody should look after: open ones worst first, those that are over below. */
export const AlertsPage = () => {
  const open = useInfiniteQuery(pagedQuery('listAlerts', { query: { open: 'true', limit: 100 } }));
  const ended = useInfiniteQuery(pagedQuery('listAlerts', { query: { open: 'false', limit: 20 } }));
  const alerts = inOrder(open.data?.pages.flatMap(({ items }) => items) ?? []);
  const over = ended.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page title="Alerts" crumbs={[{ label: 'Alerts' }]}>
      <div className="head">
        <div>
          <h1>{open.data ? alertsTitle(alerts, open.hasNextPage) : 'Alerts'}</h1>
          <p className="sub">
            An alert ends by itself once its cause is gone. To take one says that somebody looks after it; it stays open.
          </p>
        </div>
      </div>
      <Card title="Open" note={open.data ? count(alerts.length) : undefined} flush busy={open.isPending}>
        <Answer query={open} failed="The alerts could not be read." works="They are still kept." rows={5}>
          {() =>
            alerts.length === 0 ? (
              <p className="in-pad sec">Nothing asks for a person now.</p>
            ) : (
              <>
                <OpenAlerts alerts={alerts} />
                <ShowOlder query={open} label="Show more open alerts" />
              </>
            )
          }
        </Answer>
      </Card>
      <Card title="Ended" note="newest first" flush busy={ended.isPending}>
        <Answer query={ended} failed="The alerts that ended could not be read." rows={4}>
          {() =>
            over.length === 0 ? (
              <p className="in-pad sec">None has ended yet.</p>
            ) : (
              <>
                <EndedAlerts alerts={over} />
                <ShowOlder query={ended} label="Show older alerts" />
              </>
            )
          }
        </Answer>
      </Card>
      <CommandLine command="fortfail alert list" />
    </Page>
  );
};
