import { type KeyboardEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { dayKeyText } from '../format/moment.ts';
import type { SlotGrid } from '../view/slot-grid.ts';
import { SlotCell } from './slots.tsx';
import { slotWord } from './tone.ts';

const CELL = { width: 25.6, height: 12.5, gap: 2.5, left: 52, top: 18 };
const xOf = (hour: number): number => CELL.left + hour * (CELL.width + CELL.gap);
const yOf = (day: number): number => CELL.top + day * (CELL.height + CELL.gap);
const two = (value: number): string => String(value).padStart(2, '0');

interface HeatMapProps {
  readonly grid: SlotGrid;
  readonly label: string;
}

const useCursor = ({ days }: SlotGrid) => {
  const [, navigate] = useLocation();
  const [at, setAt] = useState<{ day: number; hour: number }>();
  const move = (day: number, hour: number): void =>
    setAt({ day: Math.min(days.length - 1, Math.max(0, day)), hour: Math.min(23, Math.max(0, hour)) });
  const slot = at && days[at.day]?.hours[at.hour]?.slot;
  const onKeyDown = (event: KeyboardEvent): void => {
    const { day, hour } = at ?? { day: days.length - 1, hour: 0 };
    if (event.key === 'ArrowUp') move(day - 1, hour);
    else if (event.key === 'ArrowDown') move(day + 1, hour);
    else if (event.key === 'ArrowLeft') move(day, hour - 1);
    else if (event.key === 'ArrowRight') move(day, hour + 1);
    else if (event.key === 'Enter' && slot?.jobId) navigate(`/jobs/${slot.jobId}`);
    else return;
    event.preventDefault();
  };
  return { at, setAt, move, onKeyDown, slot };
};

/** Today and each fifth day before it; the first one too where that leaves it room. */
const hasLabel = (day: number, length: number): boolean => {
  const before = length - 1 - day;
  return before % 5 === 0 || (day === 0 && before % 5 > 1);
};

const Axes = ({ days }: Pick<SlotGrid, 'days'>) => (
  <>
    {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
      <text key={hour} x={xOf(hour)} y="11">
        {two(hour)}:00
      </text>
    ))}
    {days.map(({ key }, day) =>
      hasLabel(day, days.length) ? (
        <text key={key} x="44" y={yOf(day) + 9.5} textAnchor="end">
          {day === days.length - 1 ? 'today' : dayKeyText(key)}
        </text>
      ) : null,
    )}
  </>
);

/** Slots by day and hour. Arrow keys move, Enter opens the slot's job; the line below reads out what is under the mark. */
export const HeatMap = ({ grid, label }: HeatMapProps) => {
  const { at, setAt, move, onKeyDown, slot } = useCursor(grid);
  const cell = at && grid.days[at.day]?.hours[at.hour];
  const readout =
    at && cell
      ? `${dayKeyText(grid.days[at.day]?.key ?? '')} ${two(at.hour)}:00: ${slotWord[cell.mark]}${slot?.reason ? `, ${slot.reason}` : ''}${slot?.jobId ? '. Enter opens the job' : ''}`
      : 'Arrow keys move over the slots.';
  return (
    <>
      <div
        className="map"
        role="application"
        aria-label={label}
        aria-roledescription="map of slots"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is moved over by keys, as an application of its own.
        tabIndex={0}
        onKeyDown={onKeyDown}
        onBlur={() => setAt(undefined)}
      >
        <svg className="ax" width="100%" viewBox={`0 0 ${xOf(24)} ${yOf(grid.days.length)}`} aria-hidden="true">
          <Axes days={grid.days} />
          {grid.days.map(({ key, hours }, day) =>
            hours.map(({ mark }, hour) => (
              <g key={`${key} ${two(hour)}`} onPointerEnter={() => move(day, hour)}>
                <SlotCell mark={mark} x={xOf(hour)} y={yOf(day)} width={CELL.width} height={CELL.height} />
              </g>
            )),
          )}
          {at && (
            <rect
              x={xOf(at.hour) - 1.5}
              y={yOf(at.day) - 1.5}
              width={CELL.width + 3}
              height={CELL.height + 3}
              rx="3"
              className="ink-stroke"
            />
          )}
        </svg>
      </div>
      <p className="readout xs sec" role="status">
        {readout}
      </p>
    </>
  );
};
