import type { FileEntry, RestorePoint } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link } from 'wouter';
import { folderQuery, type Keeper } from '../../api/browse.ts';
import { count } from '../../format/quantity.ts';
import { ShowOlder } from '../../ui/show-older.tsx';
import { foldersTo, type Selection } from '../../view/selection.ts';
import { visibleText } from '../../view/visible-text.ts';
import { LookState } from '../points/look-state.tsx';
import { FolderTable, useFolderHref } from './folder-table.tsx';

interface FolderBrowserProps {
  readonly point: RestorePoint;
  readonly keeper: Keeper | undefined;
  readonly path: string;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection, entries: readonly FileEntry[]) => void;
}

/** Walks through the folders of a point; the agent is asked for one at a time. */
export const FolderBrowser = ({ point, keeper, path, selection, onSelect }: FolderBrowserProps) => {
  const folderHref = useFolderHref();
  const query = useInfiniteQuery(folderQuery(keeper, point.id, path));
  const entries = query.data?.pages.flatMap((page) => page.entries) ?? [];
  const way = foldersTo(path);
  return (
    <div className="browser">
      <nav className="row way" aria-label="Folder">
        <span className="mono xs wrap-any">
          {way.map((folder, index) => (
            <Fragment key={folder.path}>
              {index > 1 && <span className="dim">/</span>}
              {index === way.length - 1 ? (
                <b aria-current="true">{visibleText(folder.name)}</b>
              ) : (
                <Link className="dim" href={folderHref(folder.path)}>
                  {visibleText(folder.name)}
                </Link>
              )}
            </Fragment>
          ))}
        </span>
        <span className="sp" />
        {query.data && (
          <span className="xs dim nw">
            {count(entries.length)}
            {query.hasNextPage ? ' of more' : ''} {entries.length === 1 ? 'entry' : 'entries'}
          </span>
        )}
      </nav>
      <LookState
        query={query}
        keeper={keeper}
        failed="This folder could not be read."
        works="Everything can still be restored as a whole."
        rows={8}
      >
        {() =>
          entries.length === 0 ? (
            <p className="in-pad sec">This folder is empty.</p>
          ) : (
            <>
              <FolderTable entries={entries} selection={selection} onSelect={onSelect} />
              <ShowOlder query={query} label="Show more entries" />
            </>
          )
        }
      </LookState>
    </div>
  );
};
