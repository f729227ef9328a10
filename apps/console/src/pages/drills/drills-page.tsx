import type { Drill } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { pagedQuery } from '../../api/queries.ts';
import { duration, measured } from '../../format/duration.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { PromiseBar } from '../../ui/promise-bar.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';

const DrillRow = ({ drill }: { readonly drill: Drill }) => {
  const didPass = drill.outcome === 'passed';
  return (
    <tr data-plan-id={drill.planId} data-plan-name={drill.planName}>
      <td>
        <Link className="m" data-row href={`/drills/${drill.id}`}>
          <Moment at={drill.startedAt} />
        </Link>
      </td>
      <td>
        <Link href={`/plans/${drill.planId}`}>{drill.planName}</Link>
      </td>
      <td>
        <Status tone={didPass ? 'safe' : 'lost'}>{drill.outcome}</Status>
      </td>
      <td>
        <span className="row">
          <PromiseBar
            value={didPass ? drill.rtoSeconds : 'failed'}
            promise={drill.promisedRtoSeconds}
            label={didPass ? `${measured(drill.rtoSeconds)} of ${duration(drill.promisedRtoSeconds)}` : 'Failed, no time measured'}
          />
          {didPass && <span className="nw">{measured(drill.rtoSeconds)}</span>}
          <span className="dim xs nw">of {duration(drill.promisedRtoSeconds)}</span>
        </span>
      </td>
      <td className="num sec">{count(drill.files)}</td>
      <td className="num sec">{size(drill.comparedBytes)}</td>
      <td className="num">
        {drill.differenceCount === 0 ? <span className="sec">none</span> : <b className="lost">{count(drill.differenceCount)}</b>}
      </td>
    </tr>
  );
};

const heads = ['When', 'Plan', 'Outcome', 'Measured, of promise', '>Files', '>Compared', '>Differences'];

/** Every drill, newest first. */
export const DrillsPage = () => {
  const query = useInfiniteQuery(pagedQuery('listDrills', { query: { limit: 50 } }));
  const drills = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const failed = drills.filter(({ outcome }) => outcome === 'failed').length;
  const title = !query.data
    ? 'Drills'
    : drills.length === 0
      ? 'Nothing was drilled yet'
      : failed === 0
        ? `The last ${counted(drills.length, 'drill')} passed`
        : `${failed} of the last ${counted(drills.length, 'drill')} failed`;
  return (
    <Page title="Drills" crumbs={[{ label: 'Drills' }]}>
      <div className="head">
        <div>
          <h1>{title}</h1>
          <p className="sub">
            A drill restores a point into a scratch folder through the code that a person’s restore uses, compares every byte, and measures
            the time.
          </p>
        </div>
      </div>
      <Card title="Drills" note="newest first" flush busy={query.isPending}>
        <Answer query={query} failed="The drills could not be read." works="Points are still made." rows={8}>
          {() =>
            drills.length === 0 ? (
              <p className="in-pad sec">Drill a plan from its page, or wait for its slot.</p>
            ) : (
              <>
                <div className="tw">
                  <table className="t">
                    <thead>
                      <tr>
                        {heads.map((head) => (
                          <th key={head} scope="col" className={head.startsWith('>') ? 'num' : undefined}>
                            {head.replace('>', '')}
                          </th>
                        ))}
                      </tr>
                    </thead>
                    <tbody>
                      {drills.map((drill) => (
                        <DrillRow key={drill.id} drill={drill} />
                      ))}
                    </tbody>
                  </table>
                </div>
                <ShowOlder query={query} label="Show older drills" />
              </>
            )
          }
        </Answer>
      </Card>
    </Page>
  );
};
