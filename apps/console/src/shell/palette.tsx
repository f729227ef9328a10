import { useState } from 'react';
import { useLocation } from 'wouter';
import { useRouteQuery } from '../api/queries.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { matchItems, type PaletteItem } from '../view/palette-match.ts';
import { menu } from './navigation.tsx';
import type { KeyTarget } from './use-shortcuts.ts';

interface Choice extends PaletteItem {
  readonly icon: IconName;
  readonly act: () => void;
}

interface PaletteProps {
  readonly onClose: () => void;
  readonly onBackUp: (target: KeyTarget) => void;
  readonly onDrill: (target: KeyTarget) => void;
  readonly onTheme: () => void;
  readonly onHelp: () => void;
}

const useChoices = ({ onBackUp, onDrill, onTheme, onHelp }: PaletteProps): Choice[] => {
  const [, navigate] = useLocation();
  const plans = useRouteQuery('overview').data?.plans ?? [];
  const verbs = plans.flatMap(({ plan: { id, name } }): Choice[] => [
    { id: `restore ${id}`, group: 'Do', icon: 'points', label: `Restore ${name}…`, act: () => navigate(`/restores/new?plan=${id}`) },
    { id: `drill ${id}`, group: 'Do', icon: 'drills', label: `Drill ${name} now…`, act: () => onDrill({ id, name }) },
    { id: `back up ${id}`, group: 'Do', icon: 'jobs', label: `Back up ${name} now…`, act: () => onBackUp({ id, name }) },
  ]);
  const pages = menu.flatMap(({ items }) =>
    items.map(({ icon, label, href }): Choice => ({ id: href, group: 'Go to', icon, label, act: () => navigate(href) })),
  );
  const toPlans = plans.map(
    ({ plan: { id, name } }): Choice => ({ id, group: 'Go to', icon: 'plans', label: `Plan ${name}`, act: () => navigate(`/plans/${id}`) }),
  );
  return [
    ...verbs,
    { id: 'theme', group: 'Do', icon: 'theme', label: 'Switch theme', words: 'dark light', act: onTheme },
    { id: 'help', group: 'Do', icon: 'key', label: 'Show the keys', words: 'keyboard shortcuts help', act: onHelp },
    ...pages,
    ...toPlans,
  ];
};

/** Find or do: verbs with their object typed, plans, pages. */
export const Palette = (props: PaletteProps) => {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const all = useChoices(props);
  const found = (['Do', 'Go to'] as const).flatMap((group) =>
    matchItems(
      all.filter((item) => item.group === group),
      typed,
      typed ? 6 : 5,
    ),
  );
  const chosen = found[Math.min(at, found.length - 1)];
  const run = (choice: Choice | undefined): void => {
    if (!choice) return;
    props.onClose();
    choice.act();
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, at - 1));
    else if (event.key === 'Enter') run(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Find or do" onClose={props.onClose} className="palbox" quiet>
      <input
        data-autofocus
        role="combobox"
        aria-label="Find or do"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={chosen && `palette-${found.indexOf(chosen)}`}
        autoComplete="off"
        spellCheck={false}
        placeholder="Go to, find or do…"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" role="listbox" aria-label="Found">
        {(['Do', 'Go to'] as const).map((group) => {
          const shown = found.filter((item) => item.group === group);
          if (shown.length === 0) return null;
          return (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset is no group of options.
            <div key={group} role="group" aria-label={group}>
              <div className="pal-head" aria-hidden="true">
                {group}
              </div>
              {shown.map((item) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the keys act on the input, as the combobox pattern asks.
                <div
                  key={item.id}
                  id={`palette-${found.indexOf(item)}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={item === chosen}
                  className={item === chosen ? 'pal-item on' : 'pal-item'}
                  onClick={() => run(item)}
                >
                  <Icon name={item.icon} />
                  <span className="el">{item.label}</span>
                  <span className="sp" />
                  {item === chosen && <kbd>↵</kbd>}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {found.length === 0 && (
        <p className="pal-none sec" role="status">
          Nothing is named like “{typed}”.
        </p>
      )}
    </Dialog>
  );
};
