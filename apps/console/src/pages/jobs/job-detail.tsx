import type { Job, JobProgress } from '@fortfail/protocol';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { call } from '../../api/call.ts';
import { useZone } from '../../api/preferences.ts';
import { queryClient, routeQuery } from '../../api/queries.ts';
import { useNow } from '../../api/server-clock.ts';
import { useVerbStop } from '../../api/session.ts';
import { useJobProgress } from '../../api/use-job.ts';
import { tellNotDone } from '../../api/verbs.ts';
import { duration, measured } from '../../format/duration.ts';
import { clockText, momentText } from '../../format/moment.ts';
import { count, percent, rate, size } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Card, Figure } from '../../ui/card.tsx';
import { Progress } from '../../ui/progress.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Glyph } from '../../ui/status.tsx';
import { jobTone, jobWord } from '../../ui/tone.ts';
import { asSentence, causeText, isLive, jobTitle, progressText } from '../../view/job-text.ts';
import { resultFigures } from '../../view/result-figures.ts';
import { visibleText } from '../../view/visible-text.ts';
import { JobLog } from './job-log.tsx';

const ProgressFigures = ({ progress }: { readonly progress: JobProgress }) => (
  <dl className="figs boxed">
    <Figure
      name="Files"
      value={count(progress.filesDone)}
      detail={progress.filesTotal === null ? 'total not known yet' : `of ${count(progress.filesTotal)}`}
    />
    <Figure
      name="Bytes"
      value={size(progress.bytesDone)}
      detail={progress.bytesTotal === null ? 'total not known yet' : `of ${size(progress.bytesTotal)}`}
    />
    <Figure name="Rate" value={progress.bytesPerSecond === null ? 'unknown' : rate(progress.bytesPerSecond)} detail={progress.phase} />
    <Figure
      name="Errors"
      value={<span className={progress.errors > 0 ? 'risk' : ''}>{count(progress.errors)}</span>}
      detail={progress.errors > 0 ? 'it will end as partial' : 'none so far'}
    />
  </dl>
);

const Running = ({ job }: { readonly job: Job }) => {
  const progress = useJobProgress(job);
  const zone = useZone();
  const now = useNow(10);
  const done = progress ? percent(progress.bytesDone, progress.bytesTotal) : undefined;
  const left = progress?.secondsRemaining ?? null;
  return (
    <div className="col gap-3">
      <div className="row wrap">
        <b className="big">{done === undefined ? (progress ? size(progress.bytesDone) : jobWord[job.status]) : `${done} %`}</b>
        <span className="sec">
          {progress && progress.bytesTotal !== null && `${size(progress.bytesDone)} of ${size(progress.bytesTotal)}`}
          {left !== null && `, ${duration(Math.ceil(left))} left, ends about ${clockText(now + left * 1000, zone)}`}
        </span>
      </div>
      <Progress label={jobTitle(job)} percent={done} text={progressText(job, progress)} thick announce />
      {progress && <ProgressFigures progress={progress} />}
      {progress && <p className="xs dim mono el">{progress.current.map(visibleText).join(', ') || ' '}</p>}
    </div>
  );
};

const resultLinks = (job: Job): { readonly label: string; readonly href: string }[] => [
  ...(job.planId ? [{ label: 'The plan', href: `/plans/${job.planId}` }] : []),
  ...(job.drillId ? [{ label: 'Evidence', href: `/drills/${job.drillId}` }] : []),
  ...(job.restoreId ? [{ label: 'The restore', href: `/restores/${job.restoreId}` }] : []),
  ...(job.restorePointId && job.kind === 'backup'
    ? [{ label: 'Restore from its point…', href: `/restores/new?point=${job.restorePointId}` }]
    : []),
];

const Ended = ({ job }: { readonly job: Job }) => {
  const tone = jobTone[job.status];
  const took = job.startedAt && job.endedAt ? (Date.parse(job.endedAt) - Date.parse(job.startedAt)) / 1000 : undefined;
  const figures = resultFigures(job.result);
  const said = job.outcome ?? job.error?.message ?? `It ${jobWord[job.status]}`;
  return (
    <div className="col gap-3">
      <Note tone={tone} title={asSentence(said)}>
        {took !== undefined && <p className="sec">It took {measured(took)}.</p>}
        {job.error && (
          <>
            {job.error.message !== said && <p className="sec">{asSentence(job.error.message)}</p>}
            {job.error.hint && <p className="sec">{asSentence(job.error.hint)}</p>}
            <p className="xs dim mono">{job.error.code}</p>
          </>
        )}
      </Note>
      {figures.length > 0 && (
        <dl className="kv results">
          {figures.map(({ name, value }) => (
            <div key={name} className="fact">
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
};

const useNote = (job: Job): string => {
  const zone = useZone();
  const now = useNow(3600);
  const at = (instant: string): string => momentText(Date.parse(instant), zone, now, true);
  const parts = [
    causeText(job.cause),
    `attempt ${job.attempt} of ${job.maxAttempts}`,
    job.startedAt ? `began ${at(job.startedAt)}` : `ordered ${at(job.queuedAt)}`,
    ...(isLive(job) && job.leaseUntil ? [`lease held to ${clockText(Date.parse(job.leaseUntil), zone, true)}`] : []),
  ];
  return parts.join(', ');
};

const StopButton = ({ job }: { readonly job: Job }) => {
  const stop = useVerbStop('run');
  const cancel = useMutation({
    mutationFn: () => call('cancelJob', { path: { jobId: job.id } }),
    onSuccess: (next) => {
      queryClient.setQueryData(routeQuery('getJob', { path: { jobId: job.id } }).queryKey, next);
      void queryClient.invalidateQueries({ queryKey: ['listJobs'] });
    },
    onError: (error) => tellNotDone(`${jobTitle(job)} was not stopped`, error),
  });
  return (
    <Button
      small
      kind="danger"
      stop={stop ?? (cancel.isPending || cancel.isSuccess ? 'It is being stopped.' : undefined)}
      onClick={() => cancel.mutate()}
    >
      Stop
    </Button>
  );
};

const Detail = ({ job }: { readonly job: Job }) => {
  const note = useNote(job);
  const links = resultLinks(job);
  return (
    <>
      <Card
        title={
          <span className="row">
            <Glyph tone={jobTone[job.status]} />
            {jobTitle(job)}
            <span className="vh"> {jobWord[job.status]}</span>
          </span>
        }
        note={note}
        className="job-card"
        action={isLive(job) ? <StopButton job={job} /> : undefined}
        footer={
          links.length > 0
            ? links.map(({ label, href }) => (
                <Link key={href} className="lk" href={href}>
                  {label}
                </Link>
              ))
            : undefined
        }
      >
        {isLive(job) ? <Running job={job} /> : <Ended job={job} />}
      </Card>
      <JobLog job={job} />
    </>
  );
};

/** One job: how far it is or what it came to, and its log. */
export const JobDetail = ({ jobId }: { readonly jobId: string }) => {
  const query = useQuery({
    ...routeQuery('getJob', { path: { jobId } }),
    // The stream tells of changes; asking as well keeps a person from waiting if one word got lost.
    refetchInterval: ({ state }) => (state.data && isLive(state.data) ? 5000 : false),
  });
  if (query.data) return <Detail job={query.data} />;
  if (query.error)
    return (
      <ErrorNote
        title="This job could not be read."
        error={query.error}
        works="If it runs, it goes on."
        onRetry={() => void query.refetch()}
      />
    );
  return (
    <Card title="Job" busy flush>
      <Skeleton rows={6} />
    </Card>
  );
};
