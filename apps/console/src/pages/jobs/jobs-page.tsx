import type { Job } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from 'wouter';
import { pagedQuery, useRouteQuery } from '../../api/queries.ts';
import { counted } from '../../format/quantity.ts';
import { useIsNarrow } from '../../render/use-media.ts';
import { useUrlState } from '../../render/use-url-state.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { isLive, jobTitle } from '../../view/job-text.ts';
import { JobDetail } from './job-detail.tsx';
import { JobList } from './job-list.tsx';
import './jobs.css';

type Show = 'all' | 'live' | 'ended' | 'failed';
const shows: readonly { readonly show: Show; readonly label: string; readonly has: (job: Job) => boolean }[] = [
  { show: 'all', label: 'All', has: () => true },
  { show: 'live', label: 'Live', has: isLive },
  { show: 'ended', label: 'Ended', has: (job) => !isLive(job) },
  { show: 'failed', label: 'Failed', has: ({ status }) => status === 'failed' || status === 'partial' },
];

const titleOf = (jobs: readonly Job[]): string => {
  const running = jobs.filter(({ status }) => status === 'running').length;
  const waiting = jobs.filter(({ status }) => status === 'queued' || status === 'leased').length;
  if (jobs.length === 0) return 'No job has run yet';
  if (running === 0 && waiting === 0) return 'Nothing runs and nothing waits';
  return [
    running > 0 ? `${counted(running, 'job runs', 'jobs run')}` : 'Nothing runs',
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'}`] : []),
  ].join(', ');
};

const subOf = (jobs: readonly Job[], hasMore: boolean): string => {
  const parts = (['succeeded', 'partial', 'failed', 'cancelled'] as const)
    .map((status) => [status, jobs.filter((job) => job.status === status).length] as const)
    .filter(([, number]) => number > 0);
  if (parts.length === 0) return '';
  return `Of the last ${jobs.length}${hasMore ? '' : ', which are all'}: ${parts.map(([status, number]) => `${number} ${status}`).join(', ')}.`;
};

const useJobs = () => {
  const query = useInfiniteQuery(pagedQuery('listJobs', { query: { limit: 100 } }));
  const listed = query.data?.pages.flatMap(({ items }) => items) ?? [];
  // What runs stands first, whenever it was ordered.
  const jobs = [...listed.filter(isLive), ...listed.filter((job) => !isLive(job))];
  return { query, jobs };
};

/** Jobs at the left, the open one at the right; on a phone one or the other. */
export const JobsPage = ({ jobId }: { readonly jobId: string | undefined }) => {
  const [url, setUrl] = useUrlState();
  const search = useSearch();
  const isNarrow = useIsNarrow();
  const { query, jobs } = useJobs();
  const show = shows.find((each) => each.show === url.get('show')) ?? shows[0];
  const shown = jobs.filter((job) => show?.has(job) ?? true);
  const openId = jobId ?? (isNarrow ? undefined : shown[0]?.id);
  const named = useRouteQuery('getJob', { path: { jobId: jobId ?? '' } }, jobId !== undefined).data;
  const title = named ? jobTitle(named) : jobId === undefined ? 'Jobs' : 'Job';
  const list = (
    <Card
      title={show?.show === 'all' ? 'Now, and before' : (show?.label ?? '')}
      action={
        <span className="xs dim keys-hint">
          <kbd>j</kbd> <kbd>k</kbd> move
        </span>
      }
      flush
      busy={query.isPending}
    >
      <Answer query={query} failed="The jobs could not be read." works="They go on." rows={8}>
        {() =>
          shown.length === 0 ? (
            <p className="in-pad sec">There is no such job.</p>
          ) : (
            <JobList jobs={shown} openId={openId} search={search ? `?${search}` : ''} />
          )
        }
      </Answer>
      <ShowOlder query={query} label="Show older jobs" />
    </Card>
  );
  return (
    <Page
      title={title}
      crumbs={jobId === undefined ? [{ label: 'Jobs' }] : [{ label: 'Jobs', href: '/jobs' }, { label: title }]}
      plan={named?.planId && named.planName ? { id: named.planId, name: named.planName } : undefined}
    >
      <div className="head">
        <div>
          <h1>{query.data ? titleOf(jobs) : 'Jobs'}</h1>
          <p className="sub">{query.data ? subOf(jobs, query.hasNextPage) : ''}</p>
        </div>
        <span className="sp" />
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form. */}
        <div className="seg-ctl" role="group" aria-label="Jobs shown">
          {shows.map(({ show: each, label, has }) => (
            <button
              key={each}
              type="button"
              aria-pressed={each === show?.show}
              onClick={() => setUrl({ show: each === 'all' ? undefined : each })}
            >
              {label} {each === 'live' || each === 'failed' ? jobs.filter(has).length : ''}
            </button>
          ))}
        </div>
      </div>
      <div className="grid">
        {(!isNarrow || jobId === undefined) && <div className="c5">{list}</div>}
        <div className="c7 col gap-4">{openId !== undefined && <JobDetail key={openId} jobId={openId} />}</div>
      </div>
    </Page>
  );
};
