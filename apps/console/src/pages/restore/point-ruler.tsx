import type { RestorePoint } from '@fortfail/protocol';
import { useEffect } from 'react';
import { preferences, useZone } from '../../api/preferences.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useNow } from '../../api/server-clock.ts';
import { momentText } from '../../format/moment.ts';
import { SlotCell } from '../../ui/slots.tsx';
import { GradePip } from '../../ui/status.tsx';
import { Age, Moment } from '../../ui/time.tsx';

const STEP = 10.4;
const MOST = 80;

interface PointRulerProps {
  readonly point: RestorePoint;
  readonly onPick: (pointId: string) => void;
}

/** `[` and `]` go to the older and the newer point. */
const useBrackets = (older: (() => void) | undefined, newer: (() => void) | undefined): void => {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || !preferences().letters || event.target instanceof HTMLInputElement) return;
      if (event.key === '[') older?.();
      if (event.key === ']') newer?.();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [older, newer]);
};

/** The points of the plan in a row, one mark each, drilled ones taller; the chosen one is framed. */
export const PointRuler = ({ point, onPick }: PointRulerProps) => {
  const zone = useZone();
  const now = useNow(3600);
  const listed = useRouteQuery('listRestorePoints', { query: { planId: point.planId, limit: MOST } }).data?.items ?? [];
  const points = (listed.some(({ id }) => id === point.id) ? listed : [...listed, point]).toReversed();
  const at = points.findIndex(({ id }) => id === point.id);
  const pick = (index: number): void => {
    const next = points[index];
    if (next && next.id !== point.id) onPick(next.id);
  };
  useBrackets(at > 0 ? () => pick(at - 1) : undefined, at < points.length - 1 ? () => pick(at + 1) : undefined);
  const text = `${momentText(Date.parse(point.time), zone, now)}, ${point.grade}`;
  const width = Math.max(1, points.length) * STEP + 6;
  return (
    <div className="ruler">
      <div className="ruler-point">
        <div className="row">
          <b>
            <Moment at={point.time} />
          </b>
          <GradePip grade={point.grade} />
        </div>
        <p className="xs sec el">
          <Age at={point.time} /> old · <code>{point.snapshot.slice(0, 8)}</code>
        </p>
      </div>
      <div
        className="ruler-marks"
        role="slider"
        tabIndex={0}
        aria-label="Restore point"
        aria-valuemin={1}
        aria-valuemax={points.length}
        aria-valuenow={at + 1}
        aria-valuetext={text}
        onKeyDown={(event) => {
          const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1 }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          pick(to);
        }}
      >
        <svg width={width} height="40" viewBox={`0 0 ${width} 40`} aria-hidden="true">
          {points.map((each, index) => {
            const isTall = each.grade === 'drilled';
            const mark = each.grade === 'drilled' ? 'drilled' : each.grade === 'partial' ? 'partial' : 'complete';
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: the slider around the marks has the role and the keys.
              <g key={each.id} className="ruler-mark" onClick={() => pick(index)}>
                <rect x={index * STEP + 1} width={STEP} height="40" className="hit" />
                <SlotCell
                  mark={mark}
                  x={index * STEP + 3}
                  y={isTall ? 8 : 12}
                  width={7}
                  height={isTall ? 22 : 16}
                  label={`${momentText(Date.parse(each.time), zone, now)}: ${each.grade}`}
                />
              </g>
            );
          })}
          <rect x={at * STEP + 0.5} y="5" width="12" height="30" rx="3" className="ink-stroke" />
        </svg>
      </div>
      <span className="nw xs dim ruler-keys">
        <kbd>[</kbd> <kbd>]</kbd> older, newer
      </span>
    </div>
  );
};
