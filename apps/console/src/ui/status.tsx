import type { Grade } from '@fortfail/protocol';
import type { ReactNode } from 'react';
import { gradeFill, type Tone } from './tone.ts';

const marks: Record<Tone, ReactNode> = {
  safe: (
    <>
      <circle cx="7" cy="7" r="6" className="safe-fill" />
      <path d="M4.200 7.200 6.200 9.200 9.900 5" className="glyph-cut" />
    </>
  ),
  risk: (
    <>
      <path d="M7 1 13.500 12.600H.5Z" className="risk-fill risk-stroke" strokeLinejoin="round" />
      <path d="M7 5v3.600M7 10.600v.1" className="glyph-cut" />
    </>
  ),
  lost: (
    <>
      <path d="M4.200.9h5.600l3.300 3.300v5.600l-3.300 3.300H4.200L.9 9.800V4.200Z" className="lost-fill" />
      <path d="m4.900 4.900 4.200 4.200m0-4.200L4.900 9.100" className="glyph-cut" />
    </>
  ),
  unknown: (
    <>
      <circle cx="7" cy="7" r="5.600" className="unknown-stroke" strokeWidth="1.400" strokeDasharray="2.400 1.700" />
      <path d="M7 8v-.4c0-1 1.600-1.200 1.600-2.400A1.600 1.600 0 0 0 5.500 4.900M7 10v.1" className="unknown-ink" />
    </>
  ),
  held: (
    <>
      <rect x="1" y="1" width="12" height="12" rx="3" className="held-fill" />
      <path d="M5.200 4.300v5.400M8.800 4.300v5.400" className="glyph-cut" />
    </>
  ),
  run: (
    <>
      <circle cx="7" cy="7" r="5.600" className="track-stroke" strokeWidth="1.800" />
      <path d="M7 1.400A5.600 5.600 0 0 1 12.600 7" className="accent-stroke" strokeWidth="1.800" strokeLinecap="round" />
    </>
  ),
  wait: (
    <>
      <circle cx="7" cy="7" r="5.600" className="ink3-stroke" strokeWidth="1.400" />
      <path d="M7 4v3.200l2 1.200" className="ink3-stroke" strokeWidth="1.400" />
    </>
  ),
  stopped: (
    <>
      <circle cx="7" cy="7" r="5.600" className="ink3-stroke" strokeWidth="1.400" />
      <path d="M4.500 7h5" className="ink3-stroke" strokeWidth="1.600" strokeLinecap="round" />
    </>
  ),
};

/** The mark of a state: its shape alone tells it, the colour repeats it. A word always goes with it. */
export const Glyph = ({ tone }: { readonly tone: Tone }) => (
  <svg className={`g g-${tone}`} viewBox="0 0 14 14" aria-hidden="true">
    {marks[tone]}
  </svg>
);

interface StatusProps {
  readonly tone: Tone;
  readonly children: ReactNode;
}

/** Mark and word in a line of text. */
export const Status = ({ tone, children }: StatusProps) => (
  <span className={`st ${tone}`}>
    <Glyph tone={tone} />
    {children}
  </span>
);

/** Mark and word as a chip beside a title. */
export const Chip = ({ tone, children }: StatusProps) => (
  <span className={`chip ${tone}`}>
    <Glyph tone={tone} />
    {children}
  </span>
);

const pie = (share: number): string => {
  const angle = 2 * Math.PI * share;
  return `M7 7V3A4 4 0 ${share > 0.5 ? 1 : 0} 1 ${(7 + 4 * Math.sin(angle)).toFixed(2)} ${(7 - 4 * Math.cos(angle)).toFixed(2)}Z`;
};

/** A clock that fills with what was proven: a quarter partial, half complete, three quarters checked, full drilled. */
export const GradePip = ({ grade }: { readonly grade: Grade }) => (
  <span className={`grade ${grade}`}>
    <svg className="g" viewBox="0 0 14 14" aria-hidden="true">
      <circle cx="7" cy="7" r="6" className="pip-ring" />
      {gradeFill[grade] === 1 ? (
        <circle cx="7" cy="7" r="4" className="pip-fill" />
      ) : (
        <path d={pie(gradeFill[grade])} className="pip-fill" />
      )}
    </svg>
    {grade}
  </span>
);
