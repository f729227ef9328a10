import { Button } from '../../ui/button.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { Dialog } from '../../ui/dialog.tsx';
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

/** The same as a dialog of its own, after something was made. */
export const ShownOnceDialog = ({
  title,
  onClose,
  ...shown
}: ShownOnceProps & { readonly title: string; readonly onClose: () => void }) => (
  <Dialog title={title} onClose={onClose} className="wide">
    <ShownOnce {...shown} />
    <div className="row dlg-foot">
      <span className="sp" />
      <Button onClick={onClose} autoFocus>
        Close
      </Button>
    </div>
  </Dialog>
);
