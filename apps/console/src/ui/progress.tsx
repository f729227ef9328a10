import { useRef } from 'react';

interface ProgressProps {
  readonly label: string;
  /** 0 to 100; undefined while the total is unknown, and then no false bar is drawn. */
  readonly percent: number | undefined;
  readonly text?: string;
  readonly thick?: boolean;
  /** Tells a screen reader every ten per cent. Only for the page's one main progress. */
  readonly announce?: boolean;
}

/** How far something is. */
export const Progress = ({ label, percent, text, thick = false, announce = false }: ProgressProps) => {
  const told = useRef(0);
  if (percent !== undefined && (percent >= told.current + 10 || percent < told.current)) told.current = percent - (percent % 10);
  return (
    <>
      <svg
        className={`prog${thick ? ' thick' : ''}`}
        width="100%"
        height={thick ? 8 : 6}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={text}
      >
        <rect width="100%" height="100%" rx="3" className="track-fill" />
        {percent !== undefined && <rect width={`${percent}%`} height="100%" rx="3" className="accent-fill" />}
      </svg>
      {announce && (
        <span className="vh" role="status">
          {told.current > 0 ? `${label}: ${told.current} %` : ''}
        </span>
      )}
    </>
  );
};
