import type { FileEntry, RestorePoint } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useKeeper } from '../../api/browse.ts';
import { call } from '../../api/call.ts';
import { queryClient, routeQuery, useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { counted, size } from '../../format/quantity.ts';
import { useFragmentState } from '../../render/use-fragment-state.ts';
import { useUrlState } from '../../render/use-url-state.ts';
import { Page } from '../../shell/page.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { restoreAddress, startFolder } from '../../view/point-address.ts';
import type { Selection } from '../../view/selection.ts';
import { shellWord } from '../../view/shell-word.ts';
import { FolderBrowser } from './folder-browser.tsx';
import { grantStop, useGrant } from './host-needs.tsx';
import { PointRuler } from './point-ruler.tsx';
import { Steps } from './steps.tsx';
import { type Target, TargetChoice, targetStop } from './target-choice.tsx';
import './restore.css';

/** The chosen paths, kept in the address; bytes only of files whose size was seen, since that of folders is not known here. */
const useSelection = () => {
  const [fragment, setFragment] = useFragmentState();
  const [seen, setSeen] = useState<ReadonlyMap<string, FileEntry>>(new Map());
  const selection: Selection = new Set(fragment.getAll('pick'));
  const onSelect = (next: Selection, entries: readonly FileEntry[]): void => {
    setFragment({ pick: [...next] });
    setSeen(new Map([...seen, ...entries.map((entry) => [entry.path, entry] as const)]));
  };
  const chosen = [...selection].map((path) => seen.get(path));
  const bytes = chosen.every((entry) => entry?.type === 'file' && entry.size !== null)
    ? chosen.reduce((sum, entry) => sum + (entry?.size ?? 0), 0)
    : undefined;
  return { selection, onSelect, clear: () => setFragment({ pick: undefined }), bytes };
};

/** What is asked of the proposal: where to, and why it cannot be asked yet. */
const useTarget = (point: RestorePoint) => {
  const [target, setTarget] = useState<Target>({ kind: 'fresh', path: '', agentId: '' });
  const keeper = useKeeper(point);
  const isElsewhere = target.kind === 'host';
  const other = useRouteQuery('listAgents').data?.items.find(({ id }) => isElsewhere && id === target.agentId);
  const grant = useGrant(point.repositoryId, isElsewhere ? target.agentId : '');
  const stop = targetStop(target) ?? (other === undefined ? undefined : grantStop(other.hostname, grant));
  const draft = { target: target.kind === 'named' ? target.path : null, ...(other === undefined ? {} : { targetAgentId: other.id }) };
  return { target, setTarget, keeper, stop, draft, host: other?.hostname ?? point.hostname };
};

const Chooser = ({ point }: { readonly point: RestorePoint }) => {
  const [fragment] = useFragmentState();
  const [, navigate] = useLocation();
  const { target, setTarget, keeper, stop: targetReason, draft, host } = useTarget(point);
  const { selection, onSelect, clear, bytes } = useSelection();
  const stop = useVerbStop('restore');
  const path = fragment.get('at') ?? startFolder(point);
  const ask = useMutation({
    mutationFn: () =>
      call('proposeRestore', {
        body: { restorePointId: point.id, include: [...selection], ...draft },
      }),
    onSuccess: (restore) => {
      queryClient.setQueryData(routeQuery('getRestore', { path: { restoreId: restore.id } }).queryKey, restore);
      navigate(`/restores/${restore.id}`);
    },
  });
  const repository = useRouteQuery('listRepositories').data?.items.find(({ id }) => id === point.repositoryId);
  const password = repository?.passwordFile ? `--password-file ${shellWord(repository.passwordFile)} ` : '';
  const store = repository ? `-r ${shellWord(repository.location)} ${password}` : '';
  const include = [...selection].map((each) => ` --include ${shellWord(each)}`).join('');
  return (
    <>
      <section className="card pad col gap-4" aria-label="Step 1: choose">
        <Steps at={0} />
        <PointRuler point={point} onPick={(id) => navigate(restoreAddress(id, [], fragment.get('at') ?? undefined))} />
        {point.grade === 'partial' && (
          <Note tone="risk" title={`This point is partial: ${counted(point.errors, 'entry is', 'entries are')} not in it.`}>
            <p className="sec">It can be restored, without them. Older points may have them: go back with the marks above.</p>
          </Note>
        )}
        <div className="grid">
          <div className="c8 col">
            <h2>What</h2>
            <FolderBrowser point={point} keeper={keeper} path={path} selection={selection} onSelect={onSelect} />
          </div>
          <div className="c4 col gap-4">
            <TargetChoice point={point} keeper={keeper} target={target} onChange={setTarget} />
          </div>
        </div>
        {ask.error && <ErrorNote title="No proposal was asked for." error={ask.error} works="Nothing was written." />}
        <div className="row wrap step-foot">
          <span>
            {selection.size === 0 ? (
              <>
                <b className="m">Everything in this point</b>{' '}
                <span className="sec">
                  {counted(point.files, 'file')}, {size(point.bytes)}
                </span>
              </>
            ) : (
              <>
                <b className="m">{selection.size} chosen</b> {bytes !== undefined && <span className="sec">{size(bytes)}</span>}{' '}
                <button type="button" className="lk" onClick={clear}>
                  Choose none
                </button>
              </>
            )}
          </span>
          <span className="sp" />
          <ButtonLink kind="ghost" href={`/plans/${point.planId}`}>
            Cancel
          </ButtonLink>
          <Button
            kind="primary"
            stop={stop ?? targetReason ?? (ask.isPending ? 'It is being asked for.' : undefined)}
            onClick={() => ask.mutate()}
          >
            Ask {host} for a proposal
          </Button>
        </div>
      </section>
      <CommandLine
        command={`fortfail ${store}restore ${point.snapshot.slice(0, 8)} --target ${target.kind === 'named' && target.path ? shellWord(target.path) : 'FOLDER'}${include}`}
      />
    </>
  );
};

/** The point named in the address; else the newest of the named plan that lacks nothing. */
const usePoint = () => {
  const [url] = useUrlState();
  const pointId = url.get('point') ?? undefined;
  const planId = url.get('plan') ?? undefined;
  const byId = useRouteQuery('getRestorePoint', { path: { restorePointId: pointId ?? '' } }, pointId !== undefined);
  const list = useRouteQuery('listRestorePoints', { query: { limit: 80, ...(planId ? { planId } : {}) } }, pointId === undefined);
  const newest = list.data?.items.find(({ grade }) => grade !== 'partial') ?? list.data?.items[0];
  return pointId === undefined
    ? { point: newest, error: list.error, isNone: list.data?.items.length === 0 }
    : { point: byId.data, error: byId.error, isNone: false };
};

/** Step 1 of a restore: a point, what of it, where to. Nothing is written before a proposal was seen and confirmed. */
export const NewRestorePage = () => {
  const { point, error, isNone } = usePoint();
  return (
    <Page
      title="Restore"
      crumbs={[
        { label: 'Restore points', href: '/points' },
        ...(point ? [{ label: point.planName, href: `/plans/${point.planId}` }] : []),
        { label: 'Restore' },
      ]}
      plan={point && { id: point.planId, name: point.planName }}
    >
      <div className="head">
        <div>
          <h1>{point ? `Restore from ${point.planName}` : isNone ? 'Nothing can be restored yet' : 'Restore'}</h1>
          <p className="sub">
            {isNone
              ? 'There is no restore point. The first backup makes one.'
              : 'Choose what comes back and where to. Nothing is written before you confirm the proposal.'}
          </p>
        </div>
      </div>
      {point ? (
        <Chooser point={point} />
      ) : error ? (
        <ErrorNote title="The restore point could not be read." error={error} />
      ) : (
        !isNone && (
          <Card title="Choose" busy flush>
            <Skeleton rows={10} />
          </Card>
        )
      )}
    </Page>
  );
};
