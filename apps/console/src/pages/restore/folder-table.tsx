import type { FileEntry, FileListing } from '@fortfail/protocol';
import { Link, useSearch } from 'wouter';
import { count, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { Icon } from '../../ui/icon.tsx';
import { Moment } from '../../ui/time.tsx';
import { withFragment } from '../../view/fragment.ts';
import { choiceOf, type Selection, toggle, toggleAll } from '../../view/selection.ts';
import { visibleText } from '../../view/visible-text.ts';
import { entryIcon } from '../points/entry-row.tsx';

interface FolderTableProps {
  readonly entries: FileListing['entries'];
  readonly selection: Selection;
  readonly onSelect: (selection: Selection, entries: readonly FileEntry[]) => void;
}

/** The address of a folder of the point that is shown; what was chosen stays. */
export const useFolderHref = (): ((path: string) => string) => {
  const search = useSearch();
  const [fragment] = useFragmentState();
  return (path) => withFragment(`/restores/new?${search}`, { at: path, pick: fragment.getAll('pick') });
};

const EntryRow = ({ entry, selection, onSelect }: Omit<FolderTableProps, 'entries'> & { readonly entry: FileEntry }) => {
  const folderHref = useFolderHref();
  const choice = choiceOf(selection, entry.path);
  const id = `pick ${entry.path}`;
  const name = visibleText(entry.name);
  const link = entry.linkTarget === null ? undefined : visibleText(entry.linkTarget);
  return (
    <tr className={choice === 'none' ? undefined : 'on'}>
      <td>
        <input
          type="checkbox"
          id={id}
          aria-label={`Choose ${name}`}
          checked={choice !== 'none'}
          disabled={choice === 'inherited'}
          onChange={() => onSelect(toggle(selection, entry.path), [entry])}
        />
      </td>
      <td className="entry-name">
        <span className="name">
          <span className="dim">
            <Icon name={entryIcon[entry.type]} />
          </span>
          {entry.type === 'dir' ? (
            <Link className="el" data-row href={folderHref(entry.path)}>
              {name}
            </Link>
          ) : (
            <label className="el" htmlFor={id} title={link === undefined ? name : `${name} → ${link}`}>
              {name}
              {link !== undefined && <span className="dim"> → {link}</span>}
            </label>
          )}
        </span>
      </td>
      <td className="num sec" title={entry.size === null ? undefined : `${entry.size} bytes`}>
        {entry.type === 'file' && entry.size !== null ? size(entry.size) : '–'}
      </td>
      <td className="sec date">
        <Moment at={entry.modified} />
      </td>
      <td className="sec owner">
        {entry.user || entry.uid}:{entry.group || entry.gid}
      </td>
      <td className="owner">
        <code className="xs dim">{entry.mode}</code>
      </td>
    </tr>
  );
};

/** One folder of a restore point, to walk into and to choose from. */
export const FolderTable = ({ entries, selection, onSelect }: FolderTableProps) => {
  const all = entries.length > 0 && entries.every(({ path }) => choiceOf(selection, path) !== 'none');
  return (
    <div className="tw">
      <table className="t files">
        <caption className="vh">{count(entries.length)} entries</caption>
        <thead>
          <tr>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Choose all in this folder"
                checked={all}
                disabled={entries.length === 0}
                onChange={() =>
                  onSelect(
                    toggleAll(
                      selection,
                      entries.map(({ path }) => path),
                      !all,
                    ),
                    entries,
                  )
                }
              />
            </th>
            <th scope="col">Name</th>
            <th scope="col" className="num">
              Size
            </th>
            <th scope="col" className="date">
              Changed
            </th>
            <th scope="col" className="owner">
              Owner
            </th>
            <th scope="col" className="owner">
              Mode
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <EntryRow key={entry.path} entry={entry} selection={selection} onSelect={onSelect} />
          ))}
        </tbody>
      </table>
    </div>
  );
};
