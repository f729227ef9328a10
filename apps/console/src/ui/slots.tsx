import type { PlanState } from '@fortfail/protocol';
import { dayKeyText } from '../format/moment.ts';
import { counted } from '../format/quantity.ts';
import { type SlotMark, slotWord } from './tone.ts';

interface CellProps {
  readonly mark: SlotMark;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly label?: string;
}

const Mark = ({ mark, x, y, width: w, height: h }: CellProps) => {
  const cx = x + w / 2;
  const cy = y + h / 2;
  switch (mark) {
    case 'complete':
      return <rect x={x} y={y} width={w} height={h} rx="1.500" className="soft-fill half" />;
    case 'drilled':
      return (
        <>
          <rect x={x} y={y} width={w} height={h} rx="1.500" className="soft-fill" />
          <circle cx={cx} cy={cy} r={Math.min(w, h) * 0.19} className="surface-fill" />
        </>
      );
    case 'partial':
      return (
        <>
          <rect x={x + 0.5} y={y + 0.5} width={w - 1} height={h - 1} rx="1.500" className="risk-tint risk-stroke" />
          <path d={`M${x} ${y + h}V${y + h * 0.45}L${x + w} ${y + h}Z`} className="risk-fill" />
        </>
      );
    case 'failed':
      return (
        <>
          <rect x={x} y={y} width={w} height={h} rx="1.500" className="lost-fill" />
          <path d={`M${cx - 1.7} ${cy - 1.7}l3.400 3.400m0-3.400-3.400 3.400`} className="surface-stroke" strokeWidth="1.200" />
        </>
      );
    case 'missed':
      return <rect x={x + 0.6} y={y + 0.6} width={w - 1.2} height={h - 1.2} rx="1.500" className="lost-stroke" strokeWidth="1.200" />;
    case 'skipped':
      return (
        <>
          <rect x={x + 0.5} y={y + 0.5} width={w - 1} height={h - 1} rx="1.500" className="held-tint held-line" />
          <path d={`M${cx - 1.3} ${cy - 2}v4m2.600-4v4`} className="held-stroke" strokeWidth="1.200" />
        </>
      );
    case 'running':
      return (
        <rect
          x={x + 0.6}
          y={y + 0.6}
          width={w - 1.2}
          height={h - 1.2}
          rx="1.500"
          className="accent-tint accent-stroke"
          strokeWidth="1.200"
        />
      );
    case 'none':
      return <rect x={x + 0.5} y={y + 0.5} width={w - 1} height={h - 1} rx="1.500" className="line-stroke" />;
  }
};

/** One slot or day: the drawing carries the state as well as the colour. */
export const SlotCell = (props: CellProps) => (
  <g>
    {props.label && <title>{props.label}</title>}
    <Mark {...props} />
  </g>
);

type Day = PlanState['days'][number];

const dayMark = ({ worst, drilled }: Day): SlotMark => (worst === 'complete' && drilled ? 'drilled' : worst);

/** Thirty days in a row; a day shows its worst slot, and a dot when a drill passed. */
export const DayStrip = ({
  days,
  cell = 4,
  height = 14,
}: {
  readonly days: readonly Day[];
  readonly cell?: number;
  readonly height?: number;
}) => {
  const step = cell + 1.5;
  const bad = days.filter(({ worst }) => worst === 'partial' || worst === 'failed' || worst === 'missed').length;
  const label = `${counted(days.length, 'day')}: ${bad === 0 ? 'nothing to see' : `${counted(bad, 'day')} with something to see`}`;
  return (
    <svg
      className="strip"
      width={days.length * step}
      height={height}
      viewBox={`0 0 ${days.length * step} ${height}`}
      role="img"
      aria-label={label}
    >
      {days.map((day, index) => (
        <SlotCell
          key={day.day}
          mark={dayMark(day)}
          x={index * step}
          y={0}
          width={cell}
          height={height}
          label={`${dayKeyText(day.day)}: ${slotWord[dayMark(day)]}`}
        />
      ))}
    </svg>
  );
};

const explained: readonly SlotMark[] = ['complete', 'drilled', 'partial', 'failed', 'missed', 'skipped', 'none'];
const legendWord: Partial<Record<SlotMark, string>> = { drilled: 'drilled' };

/** What the marks of slots mean. */
export const SlotLegend = () => (
  <div className="legend">
    {explained.map((mark) => (
      <span key={mark}>
        <svg width="8" height="12" viewBox="0 0 8 12" aria-hidden="true">
          <SlotCell mark={mark} x={0} y={0} width={8} height={12} />
        </svg>
        {legendWord[mark] ?? slotWord[mark]}
      </span>
    ))}
  </div>
);
