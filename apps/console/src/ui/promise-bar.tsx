import { useId } from 'react';
import { promiseBarShape, TICK_SHARE } from '../view/promise-bar-shape.ts';

interface PromiseBarProps {
  /** undefined: nothing is known; 'failed': the last drill failed and measured nothing. */
  readonly value: number | 'failed' | undefined;
  readonly promise: number;
  readonly next?: number | undefined;
  readonly isAtRisk?: boolean;
  readonly label: string;
  readonly width?: number;
}

const Empty = ({ width, label, failed }: { readonly width: number; readonly label: string; readonly failed: boolean }) => (
  <svg className="pbar" width={width} height="14" viewBox={`0 0 ${width} 14`} role="img" aria-label={label}>
    {failed ? (
      <>
        <rect y="5" width={width} height="4" rx="2" className="track-fill" />
        <path d="m2 3.500 7 7m0-7-7 7" className="lost-stroke" strokeWidth="1.800" />
      </>
    ) : (
      <path d={`M0 7h${width}`} className="unknown-stroke" strokeWidth="1.500" strokeDasharray="2 4" />
    )}
    <path d={`M${width * TICK_SHARE} .5v13`} className="ink-stroke" />
  </svg>
);

/** An age or a time against its promise: the tick is the promise, past it the bar is hatched, pale is the next slot. */
export const PromiseBar = ({ value, promise, next, isAtRisk = false, label, width = 84 }: PromiseBarProps) => {
  const hatch = useId();
  if (value === undefined || value === 'failed') return <Empty width={width} label={label} failed={value === 'failed'} />;
  const shape = promiseBarShape(value, promise, width, next);
  const tone = shape.overTo !== undefined ? 'lost-fill' : isAtRisk ? 'risk-fill' : 'soft-fill';
  return (
    <svg className="pbar" width={width} height="14" viewBox={`0 0 ${width} 14`} role="img" aria-label={label}>
      <title>{label}</title>
      <defs>
        <pattern id={hatch} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0v4" className={shape.overTo === undefined ? 'risk-stroke' : 'lost-stroke'} strokeWidth="2.400" />
        </pattern>
      </defs>
      <rect y="5" width={width} height="4" rx="2" className="track-fill" />
      {shape.ghostTo !== undefined && (
        <rect x={shape.filled - 1} y="5" width={Math.max(0, shape.ghostTo - shape.filled + 1)} height="4" className={`${tone} pale`} />
      )}
      {shape.ghostOverTo !== undefined && (
        <rect x={shape.tick} y="4" width={Math.max(0, shape.ghostOverTo - shape.tick)} height="6" fill={`url(#${hatch})`} />
      )}
      <rect y="4" width={shape.filled} height="6" rx="2" className={tone} />
      {shape.overTo !== undefined && (
        <rect
          x={shape.tick}
          y="3"
          width={Math.max(0, shape.overTo - shape.tick)}
          height="8"
          fill={`url(#${hatch})`}
          className="lost-stroke"
        />
      )}
      <path d={`M${shape.tick} .5v13`} className="ink-stroke" />
      {shape.isOffScale && (
        <>
          <path d={`m${width - 4} 3 4 4-4 4`} className="surface-stroke" strokeWidth="3.500" />
          <path d={`m${width - 4} 3 4 4-4 4`} className="lost-stroke" strokeWidth="1.600" />
        </>
      )}
    </svg>
  );
};
