import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { folderQuery, type Keeper } from '../../api/browse.ts';
import { count } from '../../format/quantity.ts';
import { Icon } from '../../ui/icon.tsx';
import { filesAddress } from '../../view/point-address.ts';
import { visibleText } from '../../view/visible-text.ts';

/** Folders shown below one; all of them are in the list beside. */
const MOST = 60;

interface BranchProps {
  readonly keeper: Keeper | undefined;
  readonly pointId: string;
  readonly path: string;
  readonly name: string;
  /** The folder that is shown. */
  readonly at: string;
}

const isOnTheWay = (path: string, at: string): boolean => at === path || at.startsWith(path === '/' ? '/' : `${path}/`);

const Branch = ({ keeper, pointId, path, name, at }: BranchProps) => {
  const isOpen = isOnTheWay(path, at);
  const query = useInfiniteQuery({ ...folderQuery(keeper, pointId, path), enabled: isOpen && keeper !== undefined });
  const folders = isOpen ? (query.data?.pages.flatMap(({ entries }) => entries).filter(({ type }) => type === 'dir') ?? []) : [];
  // The way down is shown whatever its place.
  const shown = folders.filter((folder, index) => index < MOST || isOnTheWay(folder.path, at));
  return (
    <li>
      <Link href={filesAddress(pointId, { at: path })} aria-current={path === at ? 'true' : undefined} title={visibleText(path)}>
        <Icon name="folder" />
        <span className="el">{visibleText(name)}</span>
      </Link>
      {shown.length > 0 && (
        <ul>
          {shown.map((folder) => (
            <Branch key={folder.path} keeper={keeper} pointId={pointId} path={folder.path} name={folder.name} at={at} />
          ))}
          {shown.length < folders.length && <li className="xs dim in-pad">{count(folders.length - shown.length)} more in the list</li>}
        </ul>
      )}
    </li>
  );
};

/** The folders on the way to the one that is shown, and what is beside them. */
export const FolderTree = (props: Omit<BranchProps, 'path' | 'name'>) => (
  <nav className="tree" aria-label="Folders">
    <ul>
      <Branch {...props} path="/" name="/" />
    </ul>
  </nav>
);
