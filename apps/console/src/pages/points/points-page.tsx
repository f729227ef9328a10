import type { RestorePoint } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { pagedQuery, useRouteQuery } from '../../api/queries.ts';
import { measured } from '../../format/duration.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { useIsNarrow } from '../../render/use-media.ts';
import { useUrlState } from '../../render/use-url-state.ts';
import { Page } from '../../shell/page.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { GradePip } from '../../ui/status.tsx';
import { Age, Moment } from '../../ui/time.tsx';
import { filesAddress } from '../../view/point-address.ts';
import { SearchForm } from './search-form.tsx';
import { SearchResults } from './search-results.tsx';
import './points.css';

const GRADES = ['drilled', 'checked', 'complete', 'partial'];
const restoreHref = (point: RestorePoint): string => `/restores/new?point=${point.id}`;

const Filters = () => {
  const [url, setUrl] = useUrlState();
  const plans = useRouteQuery('overview').data?.plans ?? [];
  return (
    <div className="row wrap filters">
      <label className="row">
        <span className="sec">Plan</span>
        <select className="inp" data-search value={url.get('plan') ?? ''} onChange={(event) => setUrl({ plan: event.target.value })}>
          <option value="">all</option>
          {plans.map(({ plan }) => (
            <option key={plan.id} value={plan.id}>
              {plan.name}
            </option>
          ))}
        </select>
      </label>
      <label className="row">
        <span className="sec">Grade</span>
        <select className="inp" value={url.get('grade') ?? ''} onChange={(event) => setUrl({ grade: event.target.value })}>
          <option value="">all</option>
          {GRADES.map((grade) => (
            <option key={grade}>{grade}</option>
          ))}
        </select>
      </label>
    </div>
  );
};

const PointRow = ({ point }: { readonly point: RestorePoint }) => (
  <tr data-plan-id={point.planId} data-plan-name={point.planName}>
    <td>
      <Link className="m" data-row href={filesAddress(point.id)} title="Look into this point">
        <Moment at={point.time} />
      </Link>
    </td>
    <td className="sec">
      <Age at={point.time} />
    </td>
    <td>
      <Link className="name el" href={`/plans/${point.planId}`}>
        {point.planName}
      </Link>
    </td>
    <td>
      <GradePip grade={point.grade} />
      {point.errors > 0 && <span className="risk xs"> {count(point.errors)} not read</span>}
    </td>
    <td className="num sec">{count(point.files)}</td>
    <td className="num sec" title={`${point.bytes} bytes`}>
      {size(point.bytes)}
    </td>
    <td className="num sec" title={`${point.addedBytes} bytes`}>
      {size(point.addedBytes)}
    </td>
    <td className="num sec">{measured(point.tookSeconds)}</td>
    <td>
      <code className="xs dim">{point.snapshot.slice(0, 8)}</code>
    </td>
    <td className="num">
      <ButtonLink small href={restoreHref(point)}>
        Restore…<span className="vh"> the point of {point.time}</span>
      </ButtonLink>
    </td>
  </tr>
);

const PointCard = ({ point }: { readonly point: RestorePoint }) => (
  <li className="point-card">
    <span className="row">
      <b className="m">
        <Moment at={point.time} />
      </b>
      <span className="sp" />
      <GradePip grade={point.grade} />
    </span>
    <span className="xs sec">
      {point.planName} · <Age at={point.time} /> old · {counted(point.files, 'file')}, {size(point.bytes)}
    </span>
    <span className="row">
      <ButtonLink href={filesAddress(point.id)}>Files</ButtonLink>
      <ButtonLink href={restoreHref(point)}>Restore…</ButtonLink>
    </span>
  </li>
);

const heads = ['Taken', 'Age', 'Plan', 'Grade', '>Files', '>Size', '>Added', '>Took', 'Snapshot', '>'];

const PointTable = ({ points }: { readonly points: readonly RestorePoint[] }) => (
  <div className="tw">
    <table className="t tight">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col" className={head.startsWith('>') ? 'num' : undefined}>
              {head.replace('>', '') || <span className="vh">Verbs</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <PointRow key={point.id} point={point} />
        ))}
      </tbody>
    </table>
  </div>
);

const NoPoints = ({ isFiltered }: { readonly isFiltered: boolean }) => {
  const [, setUrl] = useUrlState();
  return (
    <div className="empty">
      <p>
        {isFiltered ? <b className="m">No restore point matches.</b> : <b className="m">There is no restore point yet.</b>}{' '}
        {!isFiltered && <span className="sec">The first backup makes one.</span>}
      </p>
      {isFiltered && (
        <Button small onClick={() => setUrl({ plan: undefined, grade: undefined })}>
          Clear the filter
        </Button>
      )}
    </div>
  );
};

/** The points of one plan or all, in pages. */
const PointList = ({ planId, grade }: { readonly planId: string | undefined; readonly grade: string | undefined }) => {
  const isNarrow = useIsNarrow();
  const query = useInfiniteQuery(
    pagedQuery('listRestorePoints', { query: { limit: 50, ...(planId ? { planId } : {}), ...(grade ? { grade } : {}) } }),
  );
  const points = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card title="Restore points" note="newest first" flush busy={query.isPending}>
      <Answer query={query} failed="The restore points could not be read." works="They are still there." rows={10}>
        {() =>
          points.length === 0 ? (
            <NoPoints isFiltered={planId !== undefined || grade !== undefined} />
          ) : (
            <>
              {isNarrow ? (
                <ul>
                  {points.map((point) => (
                    <PointCard key={point.id} point={point} />
                  ))}
                </ul>
              ) : (
                <PointTable points={points} />
              )}
              <ShowOlder query={query} label="Show older points" />
            </>
          )
        }
      </Answer>
    </Card>
  );
};

/** Every restore point, newest first; with a plan chosen also a search for names in its points. */
export const PointsPage = () => {
  const [url] = useUrlState();
  const [fragment] = useFragmentState();
  const planId = url.get('plan') ?? undefined;
  const grade = url.get('grade') ?? undefined;
  const text = fragment.get('q') ?? '';
  const plans = useRouteQuery('overview').data?.plans;
  const chosen = plans?.find(({ plan }) => plan.id === planId);
  const total = (chosen ? [chosen] : (plans ?? [])).reduce((sum, { points: p }) => sum + p.partial + p.complete + p.checked + p.drilled, 0);
  const title =
    plans === undefined
      ? 'Restore points'
      : total === 0
        ? 'Nothing can be restored yet'
        : `${counted(total, 'restore point')} of ${chosen ? chosen.plan.name : counted(plans.length, 'plan')}`;
  return (
    <Page title="Restore points" crumbs={[{ label: 'Restore points' }]} plan={chosen && { id: chosen.plan.id, name: chosen.plan.name }}>
      <div className="head">
        <div>
          <h1>{title}</h1>
          <p className="sub">A partial point lacks what could not be read; a drilled one was really restored and compared.</p>
        </div>
        <span className="sp" />
        <Filters />
      </div>
      {chosen ? (
        <SearchForm key={text} planId={chosen.plan.id} planName={chosen.plan.name} text={text} />
      ) : (
        <p className="xs sec">Choose a plan to find a file by its name in all its points.</p>
      )}
      {planId !== undefined && text !== '' ? <SearchResults planId={planId} text={text} /> : <PointList planId={planId} grade={grade} />}
    </Page>
  );
};
