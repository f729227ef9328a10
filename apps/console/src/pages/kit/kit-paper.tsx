import { Logo } from '../../ui/icon.tsx';
import type { Paper } from './kit-maker.ts';

/** One sheet as it is printed: black on white in every theme, one A4 page. */
export const KitPaper = ({ paper }: { readonly paper: Paper }) => {
  const [secret, ...others] = paper.sections;
  return (
    <article className="paper" aria-label={paper.title}>
      <header className="row">
        <Logo />
        <b>{paper.title}</b>
      </header>
      <div className="paper-secret">
        <div>
          <h3>{secret?.title}</h3>
          <pre>{secret?.lines.join('\n')}</pre>
        </div>
        <svg viewBox={`0 0 ${paper.qr.size} ${paper.qr.size}`} role="img" aria-label="The same as a QR code" className="qr">
          <rect width={paper.qr.size} height={paper.qr.size} className="qr-light" />
          <path d={paper.qr.path} className="qr-dark" />
        </svg>
      </div>
      {others.map(({ title, lines }) => (
        <section key={title}>
          <h3>{title}</h3>
          <pre>{lines.join('\n')}</pre>
        </section>
      ))}
    </article>
  );
};
