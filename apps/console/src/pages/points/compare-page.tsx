import type { RestorePoint } from '@fortfail/protocol';
import { useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link, useLocation } from 'wouter';
import { folderQuery, type Keeper, lookQuery, needsApproval, useKeeper } from '../../api/browse.ts';
import { useZone } from '../../api/preferences.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useNow } from '../../api/server-clock.ts';
import { momentText } from '../../format/moment.ts';
import { count, counted } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { Note, Skeleton } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { type ComparedEntry, compareFolders } from '../../view/compare-folders.ts';
import { compareAddress, comparedPoints, startFolder } from '../../view/point-address.ts';
import { foldersTo } from '../../view/selection.ts';
import { visibleText } from '../../view/visible-text.ts';
import { ApprovalNote } from './approval-note.tsx';
import { ComparedRow } from './compared-row.tsx';
import './explorer.css';
import { LookState } from './look-state.tsx';
import { usePointsOf } from './versions-view.tsx';

/** Folders whose content is compared as a whole without being opened. */
const MOST_FOLDERS = 24;

interface PairProps {
  readonly older: RestorePoint;
  readonly newer: RestorePoint;
  readonly keeper: Keeper | undefined;
}

/** A folder's own facts do not tell what changed deep inside: the digest over all of it does. */
const useWithin = ({ older, newer, keeper }: PairProps, rows: readonly ComparedEntry[]): ComparedEntry[] => {
  const folders = rows.filter((row) => row.older?.type === 'dir' && row.newer?.type === 'dir').slice(0, MOST_FOLDERS);
  const queries = useQueries({
    queries: folders.map(({ path }) => lookQuery<'versions'>(keeper, newer.id, { ask: 'versions', path, points: [older.id, newer.id] })),
  });
  const isSame = new Map(
    folders.flatMap(({ path }, at) => {
      const [was, is] = queries[at]?.data?.versions ?? [];
      return was && is ? [[path, was.content === is.content] as const] : [];
    }),
  );
  return rows.map((row) => {
    const known = isSame.get(row.path);
    return known === undefined ? row : { ...row, change: known ? 'same' : 'changed' };
  });
};

const Way = ({ older, newer, at }: { readonly older: string; readonly newer: string; readonly at: string }) => {
  const way = foldersTo(at);
  return (
    <nav className="mono xs wrap-any" aria-label="Folder">
      {way.map((folder, index) => (
        <Fragment key={folder.path}>
          {index > 1 && <span className="dim">/</span>}
          {index === way.length - 1 ? (
            <b aria-current="true">{visibleText(folder.name)}</b>
          ) : (
            <Link className="dim" href={compareAddress(older, newer, folder.path)}>
              {visibleText(folder.name)}
            </Link>
          )}
        </Fragment>
      ))}
    </nav>
  );
};

const Compared = ({ older, newer, keeper }: PairProps) => {
  const [fragment, setFragment] = useFragmentState();
  const at = fragment.get('at') ?? startFolder(newer);
  const [was, is] = [useInfiniteQuery(folderQuery(keeper, older.id, at)), useInfiniteQuery(folderQuery(keeper, newer.id, at))];
  const isAbsent = (query: typeof was): boolean => (query.error as { status?: number } | null)?.status === 404;
  const entriesOf = (query: typeof was) => query.data?.pages.flatMap(({ entries }) => entries) ?? (isAbsent(query) ? [] : undefined);
  const [before, after] = [entriesOf(was), entriesOf(is)];
  const rows = useWithin({ older, newer, keeper }, before && after ? compareFolders(before, after) : []);
  const isAll = fragment.get('all') === '1';
  const shown = isAll ? rows : rows.filter(({ change }) => change !== 'same');
  const failed = [was, is].find((query) => query.error !== null && !isAbsent(query));
  if (keeper && needsApproval(failed?.error)) return <ApprovalNote keeper={keeper} error={failed.error} />;
  const more = was.hasNextPage || is.hasNextPage;
  return (
    <>
      <div className="row wrap in-pad">
        <Way older={older.id} newer={newer.id} at={at} />
        <span className="sp" />
        <label className="row xs">
          <input type="checkbox" checked={isAll} onChange={() => setFragment({ all: isAll ? undefined : '1' })} />
          Show what is the same
        </label>
      </div>
      <LookState
        query={{ data: before && after, error: failed?.error, refetch: () => void failed?.refetch() }}
        keeper={keeper}
        failed="This folder could not be compared."
        rows={8}
      >
        {() =>
          shown.length === 0 ? (
            <p className="in-pad m">Nothing in this folder differs.</p>
          ) : (
            <div className="tw">
              <table className="t compared">
                <caption className="vh">{counted(shown.length, 'entry', 'entries')}</caption>
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">What</th>
                    <th scope="col" className="num">
                      Older
                    </th>
                    <th scope="col" className="num">
                      Newer
                    </th>
                    <th scope="col" className="date">
                      Changed
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((row) => (
                    <ComparedRow key={row.path} row={row} older={older.id} newer={newer.id} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </LookState>
      {more && (
        <div className="table-foot">
          <button
            type="button"
            className="lk"
            onClick={() => {
              if (was.hasNextPage) void was.fetchNextPage();
              if (is.hasNextPage) void is.fetchNextPage();
            }}
          >
            Compare more entries
          </button>
        </div>
      )}
    </>
  );
};

const PointChoice = ({
  label,
  chosen,
  points,
  onChoose,
}: {
  readonly label: string;
  readonly chosen: string;
  readonly points: readonly RestorePoint[];
  readonly onChoose: (id: string) => void;
}) => {
  const zone = useZone();
  const now = useNow(3600);
  return (
    <label className="row">
      <span className="sec">{label}</span>
      <select className="inp" value={chosen} onChange={(event) => onChoose(event.target.value)}>
        {points.map(({ id, time, grade }) => (
          <option key={id} value={id}>
            {momentText(Date.parse(time), zone, now)}, {grade}
          </option>
        ))}
      </select>
    </label>
  );
};

const Pair = ({ older, newer }: Omit<PairProps, 'keeper'>) => {
  const [, navigate] = useLocation();
  const [fragment] = useFragmentState();
  const keeper = useKeeper(newer);
  const points = usePointsOf(newer) ?? [newer, older];
  const at = fragment.get('at') ?? undefined;
  const to = (a: string, b: string): void => navigate(compareAddress(a, b, at));
  const listed = points.some(({ id }) => id === older.id) ? points : [...points, older];
  return (
    <>
      <div className="row wrap filters">
        <PointChoice label="Older" chosen={older.id} points={listed} onChoose={(id) => to(id, newer.id)} />
        <PointChoice label="Newer" chosen={newer.id} points={listed} onChoose={(id) => to(older.id, id)} />
      </div>
      {older.time > newer.time && (
        <Note tone="risk" title="The older point is the newer one.">
          <p className="sec">
            What came and what is gone is told the wrong way round.{' '}
            <Link className="lk" href={compareAddress(newer.id, older.id, at)}>
              Turn them round
            </Link>
          </p>
        </Note>
      )}
      <Card
        title="Differences"
        note={`${count(older.files)} files then, ${count(newer.files)} later`}
        flush
        footer={<span>Files are compared by size, time, owner and mode; folders by all that is in them.</span>}
      >
        <Compared older={older} newer={newer} keeper={keeper} />
      </Card>
    </>
  );
};

/** Two points of a plan side by side, folder by folder. */
export const ComparePage = ({ pair }: { readonly pair: string }) => {
  const ids = comparedPoints(pair);
  const older = useRouteQuery('getRestorePoint', { path: { restorePointId: ids?.older ?? '' } }, ids !== undefined);
  const newer = useRouteQuery('getRestorePoint', { path: { restorePointId: ids?.newer ?? '' } }, ids !== undefined);
  const name = newer.data?.planName;
  const isForeign = older.data && newer.data && older.data.repositoryId !== newer.data.repositoryId;
  return (
    <Page
      title={name ? `${name}, two points` : 'Two points'}
      crumbs={[
        { label: 'Restore points', href: '/points' },
        ...(newer.data ? [{ label: newer.data.planName, href: `/plans/${newer.data.planId}` }] : []),
        { label: 'Compare' },
      ]}
    >
      <div className="head">
        <div>
          <h1>{name ? `What changed in ${name}` : 'Two restore points'}</h1>
          {older.data && newer.data && (
            <p className="sub">
              From <Moment at={older.data.time} /> to <Moment at={newer.data.time} />.
            </p>
          )}
        </div>
      </div>
      {ids === undefined || isForeign ? (
        <Note tone="unknown" title="These two cannot be compared.">
          <p className="sec">Choose two points of one plan and repository, from a point’s files.</p>
        </Note>
      ) : older.data && newer.data ? (
        <Pair older={older.data} newer={newer.data} />
      ) : (
        <LookState
          query={{ data: undefined, error: older.error ?? newer.error, refetch: () => void older.refetch() }}
          keeper={undefined}
          failed="The restore points could not be read."
          rows={8}
        >
          {() => <Skeleton rows={8} />}
        </LookState>
      )}
    </Page>
  );
};
