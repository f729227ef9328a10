import type { Drill, Phase } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useZone } from '../api/preferences.ts';
import { useNow } from '../api/server-clock.ts';
import { duration, measured } from '../format/duration.ts';
import { dayText } from '../format/moment.ts';
import { counted } from '../format/quantity.ts';
import { drillScale } from '../view/drill-scale.ts';

const W = 470;
const H = 214;
const BASE = H - 26;
const PHASES: readonly Phase['name'][] = ['open', 'plan', 'fetch', 'metadata', 'verify'];
export const phaseWord: Record<Phase['name'], string> = {
  open: 'Open',
  plan: 'Plan',
  fetch: 'Fetch and write',
  metadata: 'Metadata',
  verify: 'Verify',
};

const tickText = (seconds: number): string => (seconds < 10 && seconds % 1 !== 0 ? `${seconds} s` : duration(seconds));

interface DrillTrendProps {
  /** Newest first, as the API gives them. */
  readonly drills: readonly Drill[];
  readonly promiseSeconds: number;
}

interface BarProps {
  readonly drill: Drill;
  readonly x: number;
  readonly yOf: (seconds: number) => number;
}

const Bar = ({ drill, x, yOf }: BarProps) => {
  if (drill.outcome === 'failed') return <path d={`m${x - 5} ${BASE - 16} 10 10m0-10-10 10`} className="lost-stroke" strokeWidth="2.200" />;
  let from = 0;
  return PHASES.map((name) => {
    // What a drill compares beyond a restore's own work comes last and is not part of the time to return.
    const measuredSeconds = drill.phases.filter((phase) => phase.name === name).reduce((sum, phase) => sum + phase.seconds, 0);
    const seconds = Math.min(measuredSeconds, Math.max(0, drill.rtoSeconds - from));
    const bottom = yOf(from);
    from += seconds;
    const top = yOf(from);
    return seconds > 0 ? (
      <rect key={name} x={x - 9} y={top + 0.5} width="18" height={Math.max(0.8, bottom - top - 1)} className={`ph-${name}`} />
    ) : null;
  });
};

/** What each drill measured, by phases, against the promise. Each bar leads to its evidence. */
export const DrillTrend = ({ drills, promiseSeconds }: DrillTrendProps) => {
  const zone = useZone();
  const now = useNow(3600);
  const shown = [...drills].reverse();
  const passed = shown.filter(({ outcome }) => outcome === 'passed');
  const longest = Math.max(0, ...passed.map(({ rtoSeconds }) => rtoSeconds));
  const scale = drillScale(longest, promiseSeconds);
  const yOf = (seconds: number): number => BASE - (seconds / scale.top) * (BASE - 22);
  const step = Math.min(60, (W - 96) / Math.max(1, shown.length - 1));
  const xOf = (index: number): number => (shown.length === 1 ? 76 : 68 + index * step);
  const failed = shown.length - passed.length;
  const label = `${counted(shown.length, 'drill')}${failed > 0 ? `, ${failed} failed` : ''}; longest ${measured(longest)}, the promise is ${duration(promiseSeconds)}`;
  return (
    <svg className="ax" width="100%" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={label}>
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line x1="52" x2={W - 8} y1={yOf(tick)} y2={yOf(tick)} />
          <text x="46" y={yOf(tick) + 3.5} textAnchor="end">
            {tickText(tick)}
          </text>
        </g>
      ))}
      {scale.showsPromise ? (
        <>
          <path d={`M52 ${yOf(promiseSeconds)}H${W - 8}`} className="ink-stroke" />
          <text className="k" x={W - 8} y={yOf(promiseSeconds) - 6} textAnchor="end">
            promise {duration(promiseSeconds)}
          </text>
        </>
      ) : (
        <text className="k" x={W - 8} y="11" textAnchor="end">
          promise {duration(promiseSeconds)}, far above this scale
        </text>
      )}
      {shown.map((drill, index) => (
        <g key={drill.id}>
          <Bar drill={drill} x={xOf(index)} yOf={yOf} />
          {(shown.length <= 5 || index % 3 === 0) && (
            <text x={xOf(index)} y={H - 8} textAnchor="middle">
              {dayText(Date.parse(drill.startedAt), zone, now)}
            </text>
          )}
          {index === shown.length - 1 && drill.outcome === 'passed' && (
            <text className="now" x={xOf(index)} y={yOf(drill.rtoSeconds) - 6} textAnchor="middle">
              {measured(drill.rtoSeconds)}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
};

/** The phases' colours, in the order they happen. */
export const PhaseLegend = () => (
  <div className="legend">
    {PHASES.map((name) => (
      <span key={name}>
        <svg className="sw" viewBox="0 0 11 11" aria-hidden="true">
          <rect width="11" height="11" rx="2" className={`ph-${name}`} />
        </svg>
        {phaseWord[name]}
      </span>
    ))}
  </div>
);

/** The same figures as a table. */
export const DrillTable = ({ drills }: Pick<DrillTrendProps, 'drills'>) => {
  const zone = useZone();
  const now = useNow(3600);
  return (
    <div className="tw">
      <table className="t">
        <thead>
          <tr>
            <th scope="col">Drill</th>
            <th scope="col">Outcome</th>
            <th scope="col" className="num">
              Measured
            </th>
            <th scope="col" className="num">
              Longest phase
            </th>
          </tr>
        </thead>
        <tbody>
          {drills.map((drill) => {
            const longest = [...drill.phases].sort((a, b) => b.seconds - a.seconds)[0];
            return (
              <tr key={drill.id}>
                <td>
                  <Link className="lk" href={`/drills/${drill.id}`}>
                    {dayText(Date.parse(drill.startedAt), zone, now)}
                  </Link>
                </td>
                <td>{drill.outcome}</td>
                <td className="num">{drill.outcome === 'passed' ? measured(drill.rtoSeconds) : '–'}</td>
                <td className="num">{longest ? `${phaseWord[longest.name]}, ${measured(longest.seconds)}` : '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
};
