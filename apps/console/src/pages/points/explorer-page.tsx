import type { RestorePoint } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { folderQuery, type Keeper, needsApproval, useApprovedUntil, useKeeper } from '../../api/browse.ts';
import { useZone } from '../../api/preferences.ts';
import { queryClient, routeQuery, useRouteQuery } from '../../api/queries.ts';
import { useNow } from '../../api/server-clock.ts';
import { useVerbStop } from '../../api/session.ts';
import { momentText } from '../../format/moment.ts';
import { counted, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { Page } from '../../shell/page.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Until } from '../../ui/time.tsx';
import { withFragment } from '../../view/fragment.ts';
import { compareAddress, restoreAddress, startFolder } from '../../view/point-address.ts';
import { shellWord } from '../../view/shell-word.ts';
import { PointRuler } from '../restore/point-ruler.tsx';
import { ApprovalNote } from './approval-note.tsx';
import { EntryDetail } from './entry-detail.tsx';
import '../restore/restore.css';
import './explorer.css';
import { FolderPane } from './folder-pane.tsx';
import { FolderTree } from './folder-tree.tsx';
import { SearchForm } from './search-form.tsx';
import { usePointsOf } from './versions-view.tsx';

/** Whether answers are sealed, and for how long this tab may ask. */
const SealNote = ({ keeper }: { readonly keeper: Keeper }) => {
  const until = useApprovedUntil(keeper.agentId);
  if (until === undefined)
    return <>{keeper.isResident ? `asked of ${keeper.hostname}` : `${keeper.hostname} answers sealed to this tab`}</>;
  return (
    <>
      {keeper.hostname} answers sealed to this tab; the approval ends <Until at={new Date(until).toISOString()} />
    </>
  );
};

const Panes = ({ point, keeper }: { readonly point: RestorePoint; readonly keeper: Keeper | undefined }) => {
  const [fragment] = useFragmentState();
  const at = fragment.get('at') ?? startFolder(point);
  const file = fragment.get('file') ?? undefined;
  const folder = useInfiniteQuery(folderQuery(keeper, point.id, at));
  const stop = useVerbStop('see-file-names');
  if (stop !== undefined && folder.data === undefined)
    return (
      <div className="in-pad">
        <Note tone="unknown" title="The names of files are not shown to you.">
          <p className="sec">{stop}</p>
        </Note>
      </div>
    );
  // One question for the whole card: its parts would each ask the same.
  if (folder.data === undefined && keeper !== undefined && needsApproval(folder.error))
    return <ApprovalNote keeper={keeper} error={folder.error} />;
  return (
    <div className="explorer">
      <FolderTree keeper={keeper} pointId={point.id} at={at} />
      <FolderPane point={point} keeper={keeper} at={at} file={file} />
      {file === undefined ? (
        <div className="detail">
          <p className="xs sec">Choose a file to see its versions and its first bytes.</p>
        </div>
      ) : (
        <EntryDetail key={`${point.id} ${file}`} point={point} keeper={keeper} path={file} />
      )}
    </div>
  );
};

const Explorer = ({ point }: { readonly point: RestorePoint }) => {
  const [, navigate] = useLocation();
  const [fragment] = useFragmentState();
  const keeper = useKeeper(point);
  const points = usePointsOf(point) ?? [];
  // The one before it, to compare with.
  const older = points[points.findIndex(({ id }) => id === point.id) + 1]?.id;
  const repository = useRouteQuery('listRepositories').data?.items.find(({ id }) => id === point.repositoryId);
  const at = fragment.get('at') ?? startFolder(point);
  const pick = (id: string): void => {
    const known = points.find((each) => each.id === id);
    // What the list told is shown at once, without a page that is empty in between.
    if (known) queryClient.setQueryData(routeQuery('getRestorePoint', { path: { restorePointId: id } }).queryKey, known);
    navigate(withFragment(`/points/${id}/files`, Object.fromEntries([...fragment.entries()].filter(([name]) => name !== 'pick'))));
  };
  const store = repository ? `-r ${shellWord(repository.location)} ` : '';
  return (
    <>
      <div className="row wrap">
        <SearchForm planId={point.planId} planName={point.planName} />
        {older !== undefined && <ButtonLink href={compareAddress(older, point.id, at)}>Compare two…</ButtonLink>}
        <ButtonLink kind="primary" href={restoreAddress(point.id, fragment.getAll('pick'), at)}>
          Restore…
        </ButtonLink>
      </div>
      <section className="card pad" aria-label="Points of the plan">
        <PointRuler point={point} onPick={pick} />
      </section>
      <Card
        title="Files"
        note={keeper && <SealNote keeper={keeper} />}
        flush
        footer={
          <span>
            {counted(point.files, 'file')}, {size(point.bytes)} in this point. What you look at is on record, names only as a digest.
          </span>
        }
      >
        <Panes point={point} keeper={keeper} />
      </Card>
      <CommandLine command={`fortfail ${store}ls ${point.snapshot.slice(0, 8)} ${shellWord(at)}`} />
    </>
  );
};

/** A restore point from within: its folders, its files, each file through time. */
export const ExplorerPage = ({ pointId }: { readonly pointId: string }) => {
  const query = useRouteQuery('getRestorePoint', { path: { restorePointId: pointId } });
  const zone = useZone();
  const now = useNow(3600);
  const point = query.data;
  const taken = point && momentText(Date.parse(point.time), zone, now);
  return (
    <Page
      title={point ? `${point.planName}, ${taken}` : 'Restore point'}
      crumbs={[
        { label: 'Restore points', href: '/points' },
        ...(point ? [{ label: point.planName, href: `/plans/${point.planId}` }, { label: taken ?? '' }] : []),
      ]}
      plan={point && { id: point.planId, name: point.planName }}
    >
      <div className="head">
        <h1>{point ? `${point.planName} as of ${taken}` : 'Restore point'}</h1>
      </div>
      {point ? (
        <Explorer point={point} />
      ) : query.error ? (
        <ErrorNote title="The restore point could not be read." error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Card title="Files" busy flush>
          <Skeleton rows={10} />
        </Card>
      )}
    </Page>
  );
};
