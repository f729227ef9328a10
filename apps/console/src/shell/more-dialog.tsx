import type { Me } from '@fortfail/protocol';
import { Link } from 'wouter';
import { switchTheme, switchZone, useZone } from '../api/preferences.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { menu } from './navigation.tsx';
import { signOut } from './sign-out.ts';

/** What does not fit the bar of a phone. */
export const MoreDialog = ({
  me,
  onClose,
  onHelp,
}: {
  readonly me: Me | undefined;
  readonly onClose: () => void;
  readonly onHelp: () => void;
}) => {
  const zone = useZone();
  return (
    <Dialog title="More" onClose={onClose} className="more">
      <nav aria-label="All pages">
        <ul className="more-list">
          {menu.flatMap(({ items }) =>
            items.map(({ icon, label, href }) => (
              <li key={href}>
                <Link href={href} onClick={onClose}>
                  <Icon name={icon} />
                  {label}
                </Link>
              </li>
            )),
          )}
        </ul>
      </nav>
      <div className="col">
        <Button onClick={switchTheme}>Switch theme</Button>
        <Button onClick={switchZone}>{zone === 'UTC' ? 'Show times of this browser’s zone' : 'Show times in UTC'}</Button>
        <Button onClick={onHelp}>Keys</Button>
        <Button onClick={() => void signOut()}>Sign out{me ? ` ${me.name}` : ''}</Button>
        <Button kind="ghost" onClick={onClose} autoFocus>
          Close
        </Button>
      </div>
    </Dialog>
  );
};
