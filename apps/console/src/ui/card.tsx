import type { ReactNode } from 'react';
import { useId } from 'react';

interface CardProps {
  readonly title: ReactNode;
  readonly note?: ReactNode;
  readonly action?: ReactNode;
  readonly footer?: ReactNode;
  readonly className?: string;
  /** Without padding: a table reaches the edges. */
  readonly flush?: boolean;
  readonly busy?: boolean;
  readonly children: ReactNode;
}

/** A surface with a heading of the second level. */
export const Card = ({ title, note, action, footer, className = '', flush = false, busy = false, children }: CardProps) => {
  const heading = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={heading} aria-busy={busy}>
      <header>
        <h2 id={heading}>{title}</h2>
        {note !== undefined && <span className="note">{note}</span>}
        <span className="sp" />
        {action}
      </header>
      {flush ? children : <div className="in">{children}</div>}
      {footer !== undefined && <footer>{footer}</footer>}
    </section>
  );
};

/** A figure with its name above and what it is measured against below. */
export const Figure = ({ name, value, detail }: { readonly name: ReactNode; readonly value: ReactNode; readonly detail?: ReactNode }) => (
  <div className="fig">
    <dt className="k">{name}</dt>
    <dd className="v">{value}</dd>
    {detail !== undefined && <dd className="d">{detail}</dd>}
  </div>
);
