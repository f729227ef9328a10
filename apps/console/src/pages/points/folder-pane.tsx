import type { FileEntry, RestorePoint } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment, type KeyboardEvent } from 'react';
import { Link } from 'wouter';
import { folderQuery, type Keeper } from '../../api/browse.ts';
import { count } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { filesAddress, restoreAddress } from '../../view/point-address.ts';
import { choiceOf, foldersTo, type Selection, toggle } from '../../view/selection.ts';
import { type EntryOrder, entryOrder, sortEntries } from '../../view/sort-entries.ts';
import { visibleText } from '../../view/visible-text.ts';
import { EntryRow } from './entry-row.tsx';
import { LookState } from './look-state.tsx';

/** Chosen paths are part of the address; beyond this it would be too long to copy. */
const MOST_PICKS = 100;

const columns: readonly (readonly [name: 'name' | 'size' | 'modified', label: string, className?: string])[] = [
  ['name', 'Name'],
  ['size', 'Size', 'num'],
  ['modified', 'Changed', 'date'],
];

const SortHead = ({ order, onSort }: { readonly order: EntryOrder; readonly onSort: (order: EntryOrder) => void }) => (
  <tr>
    <th scope="col">
      <span className="vh">Choose</span>
    </th>
    {columns.map(([column, label, className]) => {
      const isUp = order === column;
      const isDown = order === `-${column}`;
      return (
        <th key={column} scope="col" className={className} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
          <button type="button" className="sort" onClick={() => onSort(isUp ? `-${column}` : column)}>
            {label}
            <span aria-hidden="true">{isUp ? ' ↑' : isDown ? ' ↓' : ''}</span>
          </button>
        </th>
      );
    })}
  </tr>
);

const Way = ({ pointId, at, note }: { readonly pointId: string; readonly at: string; readonly note: string }) => {
  const way = foldersTo(at);
  return (
    <nav className="row way" aria-label="Folder">
      <span className="mono xs wrap-any">
        {way.map((folder, index) => (
          <Fragment key={folder.path}>
            {index > 1 && <span className="dim">/</span>}
            {index === way.length - 1 ? (
              <b aria-current="true">{visibleText(folder.name)}</b>
            ) : (
              <Link className="dim" href={filesAddress(pointId, { at: folder.path })}>
                {visibleText(folder.name)}
              </Link>
            )}
          </Fragment>
        ))}
      </span>
      <span className="sp" />
      <span className="xs dim nw">{note}</span>
    </nav>
  );
};

const Picked = ({ pointId, at, picks, onClear }: { pointId: string; at: string; picks: readonly string[]; onClear: () => void }) => (
  <div className="row wrap picked" role="status">
    <b className="m">{count(picks.length)} chosen</b>
    {picks.length >= MOST_PICKS && <span className="xs sec">This is the most; choose their folder instead.</span>}
    <button type="button" className="lk" onClick={onClear}>
      Choose none
    </button>
    <span className="sp" />
    <ButtonLink kind="primary" href={restoreAddress(pointId, picks, at)}>
      Restore {count(picks.length)}…
    </ButtonLink>
  </div>
);

interface FolderPaneProps {
  readonly point: RestorePoint;
  readonly keeper: Keeper | undefined;
  readonly at: string;
  readonly file: string | undefined;
}

/** The entries of one folder: to walk into, to look at, to choose from. Space chooses the row in focus. */
export const FolderPane = ({ point, keeper, at, file }: FolderPaneProps) => {
  const [fragment, setFragment] = useFragmentState();
  const query = useInfiniteQuery(folderQuery(keeper, point.id, at));
  const order = entryOrder(fragment.get('sort'));
  const selection: Selection = new Set(fragment.getAll('pick'));
  const entries = sortEntries(query.data?.pages.flatMap((page) => page.entries) ?? [], order);
  const choose = ({ path }: FileEntry): void => {
    const next = toggle(selection, path);
    if (next.size <= MOST_PICKS) setFragment({ pick: [...next] });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key, target } = event;
    if (key !== ' ' || !(target instanceof HTMLAnchorElement)) return;
    const entry = entries.find(({ path }) => path === target.closest('tr')?.dataset.path);
    if (!entry || choiceOf(selection, entry.path) === 'inherited') return;
    event.preventDefault();
    choose(entry);
  };
  const number = `${count(entries.length)}${query.hasNextPage ? ' of more' : ''} ${entries.length === 1 ? 'entry' : 'entries'}`;
  return (
    <div className="folder">
      <Way pointId={point.id} at={at} note={query.data ? number : ''} />
      <LookState
        query={query}
        keeper={keeper}
        failed="This folder could not be read."
        works="The point can still be restored as a whole."
        rows={9}
      >
        {() =>
          entries.length === 0 ? (
            <p className="in-pad sec gap-top">This folder is empty.</p>
          ) : (
            <>
              <div className="tw">
                <table className="t files">
                  <caption className="vh">{number}</caption>
                  <thead>
                    <SortHead order={order} onSort={(sort) => setFragment({ sort: sort === 'name' ? undefined : sort })} />
                  </thead>
                  <tbody onKeyDown={onKeyDown}>
                    {entries.map((entry) => (
                      <EntryRow
                        key={entry.path}
                        pointId={point.id}
                        entry={entry}
                        isShown={entry.path === file}
                        choice={choiceOf(selection, entry.path)}
                        onChoose={() => choose(entry)}
                      />
                    ))}
                  </tbody>
                </table>
              </div>
              <ShowOlder query={query} label="Show more entries" />
            </>
          )
        }
      </LookState>
      {selection.size > 0 && <Picked pointId={point.id} at={at} picks={[...selection]} onClear={() => setFragment({ pick: undefined })} />}
    </div>
  );
};
