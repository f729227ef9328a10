import type { FileVersions, RestorePoint } from '@fortfail/protocol';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { type Keeper, lookQuery } from '../../api/browse.ts';
import { useZone } from '../../api/preferences.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useNow } from '../../api/server-clock.ts';
import { dayText } from '../../format/moment.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { Moment } from '../../ui/time.tsx';
import { filesAddress } from '../../view/point-address.ts';
import { type VersionRun, versionRuns } from '../../view/version-runs.ts';
import { LookState } from './look-state.tsx';
import { VersionChange } from './version-change.tsx';

/** Points looked through, the newest ones: as many as the ruler shows. */
const MOST_POINTS = 80;

/** The points of the plan in the same repository, newest first. */
export const usePointsOf = (point: RestorePoint): readonly RestorePoint[] | undefined => {
  const listed = useRouteQuery('listRestorePoints', { query: { planId: point.planId, limit: MOST_POINTS } }).data?.items;
  if (listed === undefined) return undefined;
  const points = listed.filter(({ repositoryId }) => repositoryId === point.repositoryId);
  return points.some(({ id }) => id === point.id) ? points : [...points, point];
};

const WIDTH = 320;

/** One dot where each version first appears, dashes where the file was gone. */
const Timeline = ({ runs, pointId }: { readonly runs: readonly VersionRun[]; readonly pointId: string }) => {
  const zone = useZone();
  const now = useNow(3600);
  const all = runs.flatMap(({ points }) => points.map(({ time }) => Date.parse(time)));
  const [last, first] = [Math.max(...all), Math.min(...all)];
  const x = (time: number): number => 8 + ((time - first) / Math.max(1, last - first)) * (WIDTH - 16);
  const spans = runs.map((run, index) => {
    const from = Date.parse(run.points.at(-1)?.time ?? '');
    const newer = runs[index - 1]?.points.at(-1)?.time;
    return { run, from: x(from), to: newer === undefined ? x(last) : x(Date.parse(newer)) };
  });
  const there = runs.filter(({ entry }) => entry !== null).length;
  const label = `${counted(there, 'version')} from ${dayText(first, zone, now)} to ${dayText(last, zone, now)}`;
  return (
    <svg width="100%" viewBox={`0 0 ${WIDTH} 40`} role="img" aria-label={label} className="ax">
      {spans.map(({ run, from, to }) => (
        <path
          key={`line ${from}`}
          d={`M${from} 12H${to}`}
          className={run.entry === null ? 'lost-stroke' : 'ink3-stroke'}
          strokeWidth={run.entry === null ? 2 : 1}
          strokeDasharray={run.entry === null ? '2 4' : undefined}
        />
      ))}
      {spans.map(({ run, from }) =>
        run.entry === null ? null : (
          <g key={`dot ${from}`}>
            <circle
              cx={from}
              cy="12"
              r="5"
              className={run.points.some(({ restorePointId }) => restorePointId === pointId) ? 'ink-fill' : 'surface-fill'}
            />
            <circle cx={from} cy="12" r="5" className="ink-stroke" />
          </g>
        ),
      )}
      <text x="2" y="36">
        {dayText(first, zone, now)}
      </text>
      <text x={WIDTH - 2} y="36" textAnchor="end">
        {dayText(last, zone, now)}
      </text>
    </svg>
  );
};

const GoneRow = ({ run }: { readonly run: VersionRun }) => (
  <tr>
    <td className="lost wr" colSpan={2}>
      gone <Moment at={run.points.at(-1)?.time ?? ''} />
      {run.points.length > 1 && (
        <>
          {' '}
          to <Moment at={run.points[0]?.time ?? ''} />
        </>
      )}
    </td>
    <td className="num sec">not in {count(run.points.length)}</td>
    <td />
  </tr>
);

interface VersionRowProps {
  readonly run: VersionRun;
  readonly path: string;
  readonly isShown: boolean;
  readonly onCompare: () => void;
}

const VersionRow = ({ run, path, isShown, onCompare }: VersionRowProps) => {
  const [newest] = run.points;
  if (run.entry === null || newest === undefined) return <GoneRow run={run} />;
  return (
    <tr className={isShown ? 'on' : undefined}>
      <td>
        <Link className="m" href={filesAddress(newest.restorePointId, { file: path })} title="Show it in the newest point that has it">
          <Moment at={run.entry.modified} />
        </Link>
      </td>
      <td className="num sec">{run.entry.size === null ? '–' : size(run.entry.size)}</td>
      <td className="num sec" title={run.content ? `content ${run.content.slice(0, 12)}` : undefined}>
        {count(run.points.length)}
      </td>
      <td className="num">
        {isShown ? (
          <b className="m">shown</b>
        ) : (
          <button type="button" className="lk" onClick={onCompare}>
            compare<span className="vh"> with the version of {run.entry.modified}</span>
          </button>
        )}
      </td>
    </tr>
  );
};

interface VersionsProps {
  readonly versions: FileVersions['versions'];
  readonly path: string;
  readonly point: RestorePoint;
  readonly keeper: Keeper | undefined;
}

const Versions = ({ versions, path, point, keeper }: VersionsProps) => {
  const [fragment, setFragment] = useFragmentState();
  const runs = versionRuns(versions);
  const has = (run: VersionRun, id: string | null): boolean => run.points.some(({ restorePointId }) => restorePointId === id);
  const shown = runs.find((run) => has(run, point.id));
  const other = runs.find((run) => has(run, fragment.get('with')));
  const there = runs.filter(({ entry }) => entry !== null);
  return (
    <>
      <Timeline runs={runs} pointId={point.id} />
      <table className="t tight">
        <caption className="vh">Versions, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" className="num">
              Size
            </th>
            <th scope="col" className="num">
              In points
            </th>
            <th scope="col">
              <span className="vh">Verbs</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <VersionRow
              key={run.points[0]?.restorePointId}
              run={run}
              path={path}
              isShown={run === shown}
              onCompare={() => setFragment({ with: run.points[0]?.restorePointId })}
            />
          ))}
        </tbody>
      </table>
      <p className="xs dim">
        {counted(there.length, 'version')} in the {counted(versions.length, 'newest point')} of {point.planName}. Equal content counts as
        one.
      </p>
      {shown && other && other !== shown && <VersionChange keeper={keeper} path={path} shown={shown} other={other} pointId={point.id} />}
    </>
  );
};

/** One path through the points of its plan: when it changed, when it was gone. */
export const VersionsView = ({ point, keeper, path }: Omit<VersionsProps, 'versions'>) => {
  const points = usePointsOf(point);
  const ids = points?.map(({ id }) => id) ?? [];
  const query = useQuery({
    ...lookQuery<'versions'>(keeper, point.id, { ask: 'versions', path, points: ids }),
    enabled: keeper !== undefined && ids.length > 0,
  });
  return (
    <LookState query={query} keeper={keeper} failed="Its versions could not be read." rows={4}>
      {({ versions }) => <Versions versions={versions} path={path} point={point} keeper={keeper} />}
    </LookState>
  );
};
