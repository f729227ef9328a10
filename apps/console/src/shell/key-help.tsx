import { setPreferences, usePreferences } from '../api/preferences.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';

const keys: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'find or do'],
  ['/', 'search of the page'],
  ['g o', 'overview'],
  ['g d', 'drills'],
  ['g p', 'plans'],
  ['g r', 'restore points'],
  ['g e', 'restores'],
  ['g a', 'agents'],
  ['g j', 'jobs'],
  ['g l', 'alerts'],
  ['g u', 'audit'],
  ['g k', 'recovery kit'],
  ['j k', 'next and previous row'],
  ['Enter', 'open the row'],
  ['Space', 'choose the row'],
  ['[ ]', 'older and newer point'],
  ['b', 'back up…'],
  ['d', 'drill…'],
  ['r', 'restore…'],
  ['t', 'theme'],
  ['z', 'time zone'],
  ['?', 'this list'],
  ['Esc', 'close what is on top'],
];

/** The list of keys, and the switch for the single letters. */
export const KeyHelp = ({ onClose }: { readonly onClose: () => void }) => {
  const { letters } = usePreferences();
  return (
    <Dialog title="Keys" onClose={onClose} className="key-help">
      <dl className="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label className="row">
        <input type="checkbox" checked={letters} onChange={(event) => setPreferences({ letters: event.target.checked })} />
        Single letters act
      </label>
      <div className="row dlg-foot">
        <span className="sp" />
        <Button onClick={onClose} autoFocus>
          Close
        </Button>
      </div>
    </Dialog>
  );
};
