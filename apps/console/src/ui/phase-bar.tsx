import type { Phase } from '@fortfail/protocol';
import { duration, measured } from '../format/duration.ts';
import { type PhasePart, phaseParts, phaseSums } from '../view/phase-parts.ts';
import { phaseWord } from './drill-trend.tsx';

const W = 600;

interface PhaseBarProps {
  readonly phases: readonly Phase[];
  readonly promiseSeconds: number;
  /** The time to return. A drill may go on comparing after it. */
  readonly rtoSeconds: number;
}

const partWord = ({ name, isBeyond }: Pick<PhasePart, 'name' | 'isBeyond'>): string => (isBeyond ? 'Compare' : phaseWord[name]);

/** The phases to the scale of the promise when that leaves them readable, else to their own; the rest is to spare. */
export const PhaseBar = ({ phases, promiseSeconds, rtoSeconds }: PhaseBarProps) => {
  const total = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  const isToPromise = total > 0 && promiseSeconds <= total * 8;
  const scale = Math.max(total, isToPromise ? promiseSeconds : 0, 0.001);
  const spare = promiseSeconds - rtoSeconds;
  const spareText = spare >= 0 ? `${duration(spare)} to spare of ${duration(promiseSeconds)}` : `over by ${measured(-spare)}`;
  const parts = phaseParts(phases, rtoSeconds);
  const sums = phaseSums(parts);
  return (
    <div className="col">
      <svg
        width="100%"
        viewBox={`0 0 ${W} 26`}
        role="img"
        aria-label={`${sums.map((part) => `${partWord(part)} ${measured(part.seconds)}`).join(', ')}; ${spareText}`}
      >
        <rect y="4" width={W} height="18" rx="3" className="track-fill" />
        {parts.map(({ name, seconds, from }) => (
          <rect
            key={from}
            x={(from / scale) * W}
            y="4"
            width={Math.max(0.8, (seconds / scale) * W - 1.5)}
            height="18"
            className={`ph-${name}`}
          />
        ))}
        {rtoSeconds < total && <path d={`M${(rtoSeconds / scale) * W - 1} 0v26`} className="surface-stroke" strokeWidth="4" />}
        {isToPromise && <path d={`M${Math.min(W - 1, (promiseSeconds / scale) * W)} 0v26`} className="ink-stroke" />}
      </svg>
      <div className="legend">
        {sums.map((part) => (
          <span key={partWord(part)}>
            <svg className="sw" viewBox="0 0 11 11" aria-hidden="true">
              <rect width="11" height="11" rx="2" className={`ph-${part.name}`} />
            </svg>
            {partWord(part)} <b>{measured(part.seconds)}</b>
          </span>
        ))}
        <span className={spare < 0 ? 'lost' : ''}>{spareText}</span>
        {rtoSeconds < total * 0.99 && <span>What follows the gap compares, and is not part of the {measured(rtoSeconds)}.</span>}
      </div>
    </div>
  );
};
