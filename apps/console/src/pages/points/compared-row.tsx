import type { FileEntry } from '@fortfail/protocol';
import { Link } from 'wouter';
import { size } from '../../format/quantity.ts';
import { Icon } from '../../ui/icon.tsx';
import { Moment } from '../../ui/time.tsx';
import type { Change, ComparedEntry } from '../../view/compare-folders.ts';
import { compareAddress, filesAddress } from '../../view/point-address.ts';
import { visibleText } from '../../view/visible-text.ts';
import { entryIcon } from './entry-row.tsx';

const words: Record<Change, string> = { came: '+ came', gone: '– gone', changed: '~ changed', same: 'same' };
const tones: Record<Change, string> = { came: 'safe', gone: 'lost', changed: 'risk', same: 'dim' };

const sizeOf = (entry: FileEntry | undefined): string =>
  entry === undefined ? 'not there' : entry.type === 'file' && entry.size !== null ? size(entry.size) : entry.type;

/** One name in two points: a folder leads into it, anything else to the point that has it. */
export const ComparedRow = ({ row, older, newer }: { readonly row: ComparedEntry; readonly older: string; readonly newer: string }) => {
  const entry = row.newer ?? row.older;
  const isFolder = row.newer?.type === 'dir' && row.older?.type === 'dir';
  const inPoint = row.newer ? newer : older;
  const to = isFolder
    ? compareAddress(older, newer, row.path)
    : filesAddress(inPoint, entry?.type === 'dir' ? { at: row.path } : { file: row.path });
  return (
    <tr>
      <td className="entry-name">
        <span className="name">
          <span className="dim">
            <Icon name={entryIcon[entry?.type ?? 'file']} />
          </span>
          <Link className="el" data-row href={to} title={visibleText(row.name)}>
            {visibleText(row.name)}
          </Link>
        </span>
      </td>
      <td className={tones[row.change]}>{words[row.change]}</td>
      <td className="num sec">{sizeOf(row.older)}</td>
      <td className="num sec">{sizeOf(row.newer)}</td>
      <td className="sec date">{entry && <Moment at={entry.modified} />}</td>
    </tr>
  );
};
