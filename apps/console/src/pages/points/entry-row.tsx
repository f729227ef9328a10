import type { FileEntry } from '@fortfail/protocol';
import { Link } from 'wouter';
import { size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { Moment } from '../../ui/time.tsx';
import { withFragment } from '../../view/fragment.ts';
import { visibleText } from '../../view/visible-text.ts';

/** The drawing of each kind of entry. */
export const entryIcon: Record<FileEntry['type'], IconName> = {
  file: 'file',
  dir: 'folder',
  symlink: 'link',
  dev: 'device',
  chardev: 'device',
  fifo: 'device',
  socket: 'device',
  irregular: 'file',
};

interface EntryRowProps {
  readonly pointId: string;
  readonly entry: FileEntry;
  readonly isShown: boolean;
  readonly choice: 'chosen' | 'inherited' | 'none';
  readonly onChoose: () => void;
}

/** One entry: a folder leads into it, anything else is told about beside the list. */
export const EntryRow = ({ pointId, entry, isShown, choice, onChoose }: EntryRowProps) => {
  const [fragment] = useFragmentState();
  const name = visibleText(entry.name);
  const link = entry.linkTarget === null ? undefined : visibleText(entry.linkTarget);
  const isFolder = entry.type === 'dir';
  const kept = { sort: fragment.get('sort') ?? undefined, pick: fragment.getAll('pick'), show: fragment.get('show') ?? undefined };
  const to = isFolder ? { ...kept, at: entry.path, show: undefined } : { ...kept, at: fragment.get('at') ?? undefined, file: entry.path };
  return (
    <tr className={isShown ? 'on' : undefined} data-path={entry.path}>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${name}`}
          checked={choice !== 'none'}
          disabled={choice === 'inherited'}
          onChange={onChoose}
        />
      </td>
      <td className="entry-name">
        <span className="name">
          <span className="dim">
            <Icon name={entryIcon[entry.type]} />
          </span>
          <Link
            className={isShown ? 'el m' : 'el'}
            data-row
            href={withFragment(`/points/${pointId}/files`, to)}
            aria-current={isShown ? 'true' : undefined}
            title={link === undefined ? name : `${name} → ${link}`}
          >
            {name}
            {link !== undefined && <span className="dim"> → {link}</span>}
          </Link>
        </span>
      </td>
      <td className="num sec" title={entry.size === null ? undefined : `${entry.size} bytes`}>
        {entry.type === 'file' && entry.size !== null ? size(entry.size) : '–'}
      </td>
      <td className="sec date">
        <Moment at={entry.modified} />
      </td>
    </tr>
  );
};
