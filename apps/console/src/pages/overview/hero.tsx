import type { Overview } from '@fortfail/protocol';
import { count, counted } from '../../format/quantity.ts';
import { Glyph } from '../../ui/status.tsx';
import { type Verdict, verdictOrder, verdictTone, verdictWord } from '../../ui/tone.ts';
import { titleParts } from '../../view/title-parts.ts';

const countKey: Record<Verdict, keyof Overview['counts']> = {
  broken: 'broken',
  'at-risk': 'atRisk',
  unknown: 'unknown',
  held: 'held',
  kept: 'kept',
};
const MOST_CELLS = 60;

const Segment = ({ verdict, x, width: w }: { readonly verdict: Verdict; readonly x: number; readonly width: number }) => {
  if (verdict === 'kept') return <rect x={x} width={w} height="16" rx="2" className="soft-fill" />;
  if (verdict === 'unknown')
    return (
      <rect
        x={x + 0.6}
        y=".6"
        width={w - 1.2}
        height="14.800"
        rx="2"
        className="unknown-stroke"
        strokeWidth="1.200"
        strokeDasharray="2 1.500"
      />
    );
  if (verdict === 'at-risk')
    return (
      <>
        <rect x={x + 0.6} y=".6" width={w - 1.2} height="14.800" rx="2" className="risk-tint risk-stroke" strokeWidth="1.200" />
        <rect x={x} y="8" width={w} height="8" rx="2" className="risk-fill" />
      </>
    );
  return <rect x={x} width={w} height="16" rx="2" className={verdict === 'held' ? 'held-fill' : 'lost-fill'} />;
};

/** One cell for each plan, worst first; with very many plans their shares instead. */
const Segments = ({ counts }: Pick<Overview, 'counts'>) => {
  const total = verdictOrder.reduce((sum, verdict) => sum + counts[countKey[verdict]], 0);
  if (total === 0) return null;
  const label = `${counted(total, 'plan')}: ${verdictOrder.map((verdict) => `${counts[countKey[verdict]]} ${verdictWord[verdict].toLowerCase()}`).join(', ')}`;
  const cells = verdictOrder.flatMap((verdict) => {
    const plans = counts[countKey[verdict]];
    const shown = total <= MOST_CELLS ? plans : plans === 0 ? 0 : Math.max(1, Math.round((plans / total) * MOST_CELLS));
    return Array.from({ length: shown }, () => verdict);
  });
  const width = Math.min(24, (344 - (cells.length - 1) * 2) / cells.length);
  const whole = cells.length * (width + 2) - 2;
  return (
    <svg width={whole} height="16" viewBox={`0 0 ${whole} 16`} role="img" aria-label={label} className="strip">
      {cells.map((verdict, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: cells have no names, and are ordered by verdict.
        <Segment key={`${index} ${verdict}`} verdict={verdict} x={index * (width + 2)} width={width} />
      ))}
    </svg>
  );
};

/** The answer: would everything come back as promised? And the figures behind it. */
export const Hero = ({ overview: { title, subtitle, counts, facts } }: { readonly overview: Overview }) => (
  <section className="card hero" aria-label="Are we safe?">
    <div className="col hero-answer">
      <h1>
        {titleParts(title).map(({ text, verdict }) =>
          verdict ? (
            <a key={text} className={verdictTone[verdict]} href="#promises">
              {text}
            </a>
          ) : (
            text
          ),
        )}
      </h1>
      <p className="sec hero-sub">{subtitle}</p>
      <div className="col">
        <Segments counts={counts} />
        <div className="legend">
          {verdictOrder.map((verdict) => (
            <span key={verdict}>
              <Glyph tone={verdictTone[verdict]} />
              <b>{count(counts[countKey[verdict]])}</b>
              {verdictWord[verdict].toLowerCase()}
            </span>
          ))}
        </div>
      </div>
    </div>
    <dl className="kv">
      {facts.map(({ label, value, detail }) => (
        <div key={label} className="fact">
          <dt>{label}</dt>
          <dd>
            <b className="b">{value}</b> <span className="sec">{detail}</span>
          </dd>
        </div>
      ))}
    </dl>
  </section>
);
