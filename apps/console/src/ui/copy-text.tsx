import { useRef, useState } from 'react';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import './copy-text.css';

interface CopyTextProps {
  readonly text: string;
  /** What it is, for those who do not see it: `the command`. */
  readonly of: string;
}

/** The clipboard exists on secure origins only; a home server may not be one. Then the text is chosen for the person's own keys. */
const copy = async (text: string, element: HTMLElement | null): Promise<string> => {
  try {
    await navigator.clipboard.writeText(text);
    return 'Copied.';
  } catch {
    if (element) getSelection()?.selectAllChildren(element);
    return 'It is selected: copy it with Ctrl C.';
  }
};

/** Something to paste elsewhere, in full, with a button that copies it. */
export const CopyText = ({ text, of }: CopyTextProps) => {
  const shown = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');
  return (
    <div className="copy">
      <pre>
        <code ref={shown}>{text}</code>
      </pre>
      <Button small onClick={() => void copy(text, shown.current).then(setSaid)}>
        <Icon name="copy" />
        Copy<span className="vh"> {of}</span>
      </Button>
      <span role="status" className="xs sec copy-said">
        {said}
      </span>
    </div>
  );
};
