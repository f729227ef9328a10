import type { FileEntry, RestorePoint } from '@fortfail/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { folderQuery, type Keeper, lookQuery } from '../../api/browse.ts';
import { size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { Moment } from '../../ui/time.tsx';
import { folderOf, restoreAddress } from '../../view/point-address.ts';
import { visibleText } from '../../view/visible-text.ts';
import { PreviewView } from './preview-view.tsx';
import { VersionsView } from './versions-view.tsx';

interface EntryDetailProps {
  readonly point: RestorePoint;
  readonly keeper: Keeper | undefined;
  readonly path: string;
}

/** The entry: from the folder that is shown, else asked for by itself, as a folder may be long. */
const useEntry = ({ point, keeper, path }: EntryDetailProps): FileEntry | null | undefined => {
  const folder = useInfiniteQuery(folderQuery(keeper, point.id, folderOf(path)));
  const listed = folder.data?.pages.flatMap(({ entries }) => entries).find((entry) => entry.path === path);
  const alone = useQuery({
    ...lookQuery<'versions'>(keeper, point.id, { ask: 'versions', path, points: [point.id] }),
    enabled: keeper !== undefined && listed === undefined && folder.data !== undefined,
  });
  return listed ?? (alone.data ? (alone.data.versions[0]?.entry ?? null) : undefined);
};

const Facts = ({ entry }: { readonly entry: FileEntry }) => (
  <p className="xs sec">
    {entry.type === 'file' && entry.size !== null ? <span title={`${entry.size} bytes`}>{size(entry.size)}</span> : entry.type}, changed{' '}
    <Moment at={entry.modified} />, of {entry.user || entry.uid}:{entry.group || entry.gid}, <code>{entry.mode}</code>
    {entry.linkTarget !== null && (
      <>
        , leads to <code className="wrap-any">{visibleText(entry.linkTarget)}</code>
      </>
    )}
  </p>
);

const views = [
  ['versions', 'Versions'],
  ['preview', 'Preview'],
] as const;

/** What is known of one entry: its facts, its versions over time, its first bytes. */
export const EntryDetail = (props: EntryDetailProps) => {
  const { point, keeper, path } = props;
  const [fragment, setFragment] = useFragmentState();
  const entry = useEntry(props);
  const name = visibleText(path.slice(path.lastIndexOf('/') + 1));
  const shown = fragment.get('show') === 'preview' && entry?.type === 'file' ? 'preview' : 'versions';
  return (
    <section className="detail" aria-label={`About ${name}`}>
      <div className="row">
        <h2 className="mono wrap-any">{name}</h2>
        <span className="sp" />
        {entry && (
          <ButtonLink small href={restoreAddress(point.id, [path], folderOf(path))}>
            Restore…
          </ButtonLink>
        )}
      </div>
      {entry && <Facts entry={entry} />}
      {entry === null && <p className="sec">It is not in this point. The versions below tell where it is.</p>}
      {entry?.type === 'file' && (
        <fieldset className="seg-ctl plain-set">
          <legend className="vh">What to show</legend>
          {views.map(([view, label]) => (
            <button
              key={view}
              type="button"
              aria-pressed={shown === view}
              onClick={() => setFragment({ show: view === 'versions' ? undefined : view })}
            >
              {label}
            </button>
          ))}
        </fieldset>
      )}
      {shown === 'preview' ? (
        <PreviewView keeper={keeper} pointId={point.id} path={path} name={name} />
      ) : (
        <VersionsView point={point} keeper={keeper} path={path} />
      )}
    </section>
  );
};
