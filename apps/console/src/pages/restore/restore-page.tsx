import type { Restore } from '@fortfail/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useKeeper } from '../../api/browse.ts';
import { routeQuery, useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { counted } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorNote, Skeleton } from '../../ui/states.tsx';
import { Moment } from '../../ui/time.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { ConsentNote } from './consent-note.tsx';
import { ProposalView } from './proposal-view.tsx';
import { RestoreProgress } from './restore-progress.tsx';
import { RestoreResult } from './restore-result.tsx';
import { type Step, Steps } from './steps.tsx';
import './restore.css';

const stepOf: Record<Restore['status'], Step> = {
  proposing: 1,
  proposed: 1,
  applying: 3,
  succeeded: 4,
  partial: 4,
  failed: 4,
  cancelled: 4,
};
const isUnderWay = (status: Restore['status'] | undefined): boolean => status === 'proposing' || status === 'applying';

const titles: Record<Restore['status'], (name: string) => string> = {
  proposing: (name) => `A restore of ${name} is being worked out`,
  proposed: (name) => `A restore of ${name} waits for your yes`,
  applying: (name) => `${name} is coming back`,
  succeeded: (name) => `${name} came back`,
  partial: (name) => `${name} came back in part`,
  failed: (name) => `${name} did not come back`,
  cancelled: (name) => `The restore of ${name} was stopped`,
};

const titleOf = ({ status, planName, proposal, report, include }: Restore): string => {
  if (status === 'failed' && proposal === null) return `What to restore of ${planName} could not be worked out`;
  // What was chosen came back, and nothing is said of the rest.
  if (report !== null && include.length > 0) return titles[status](`${counted(report.files, 'file')} of ${planName}`);
  return titles[status](planName);
};

interface BodyProps {
  readonly restore: Restore;
  readonly host: string;
  /** Another host's point: it needs more than a click here. */
  readonly isForeign: boolean;
}

const Body = ({ restore, host, isForeign }: BodyProps) => {
  const [isConfirming, setConfirming] = useState(false);
  const stop = useVerbStop('restore');
  const { proposal, status } = restore;
  const blocked = proposal && proposal.conflictCount > 0 ? 'The folder is not empty. Choose another one.' : undefined;
  return (
    <section className="card pad col gap-4" aria-label="Restore">
      <Steps at={isConfirming && status === 'proposed' ? 2 : stepOf[status]} />
      {status === 'proposing' && (
        <>
          <p className="sec" role="status">
            {host} compares the point with its disk. Nothing is written.
          </p>
          <Skeleton rows={4} />
        </>
      )}
      {status === 'proposed' && proposal && (
        <>
          <ProposalView restore={restore} proposal={proposal} host={host} />
          {isForeign && <ConsentNote restore={restore} proposal={proposal} host={host} />}
          <div className="row wrap step-foot">
            <ButtonLink kind="ghost" href={`/restores/new?point=${restore.restorePointId}`}>
              Choose anew
            </ButtonLink>
            <span className="sp" />
            <Button kind="primary" stop={stop ?? blocked} onClick={() => setConfirming(true)}>
              Continue…
            </Button>
          </div>
          {isConfirming && <ConfirmDialog restore={restore} proposal={proposal} host={host} onClose={() => setConfirming(false)} />}
        </>
      )}
      {status === 'applying' && <RestoreProgress restore={restore} />}
      {stepOf[status] === 4 && <RestoreResult restore={restore} host={host} />}
    </section>
  );
};

/** A restore from its proposal on; the address leads back to it from anywhere. */
export const RestorePage = ({ restoreId }: { readonly restoreId: string }) => {
  const query = useQuery({
    ...routeQuery('getRestore', { path: { restoreId } }),
    // The stream tells of changes; asking as well keeps a person from waiting if one word got lost.
    refetchInterval: ({ state }) => (isUnderWay(state.data?.status) ? 3000 : false),
  });
  const restore = query.data;
  const point = useRouteQuery('getRestorePoint', { path: { restorePointId: restore?.restorePointId ?? '' } }, restore !== undefined).data;
  const agent = useRouteQuery('listAgents').data?.items.find(({ id }) => id === restore?.agentId);
  const keeper = useKeeper(point);
  const isForeign = restore !== undefined && keeper !== undefined && keeper.agentId !== '' && keeper.agentId !== restore.agentId;
  const name = restore?.planName ?? 'Restore';
  return (
    <Page title={`Restore of ${name}`} crumbs={[{ label: 'Restores', href: '/restores' }, { label: name }]}>
      <div className="head">
        <div>
          <h1>{restore ? titleOf(restore) : 'Restore'}</h1>
          {restore && (
            <p className="sub">
              {point && (
                <>
                  From the point of <Moment at={point.time} />, {point.grade}.{' '}
                </>
              )}
              Asked for <Moment at={restore.createdAt} seconds />.
            </p>
          )}
        </div>
      </div>
      {restore ? (
        <Body restore={restore} host={agent?.hostname ?? point?.hostname ?? 'The agent'} isForeign={isForeign} />
      ) : query.error ? (
        <ErrorNote
          title="This restore could not be read."
          error={query.error}
          works="It goes on by itself."
          onRetry={() => void query.refetch()}
        />
      ) : (
        <Card title="Restore" busy flush>
          <Skeleton rows={6} />
        </Card>
      )}
    </Page>
  );
};
