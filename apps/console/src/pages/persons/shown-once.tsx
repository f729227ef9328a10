import { CopyText } from '../../ui/copy-text.tsx';
import { Moment } from '../../ui/time.tsx';

interface ShownOnceProps {
  readonly text: string;
  /** `the link`, `the secret`. */
  readonly of: string;
  readonly until: string;
  readonly children: string;
}

/** Something secret that is shown now and never again. */
export const ShownOnce = ({ text, of, until, children }: ShownOnceProps) => (
  <div className="col">
    <CopyText text={text} of={of} />
    <p className="xs sec">
      {children} Until <Moment at={until} />. It is shown only here and only now.
    </p>
  </div>
);
