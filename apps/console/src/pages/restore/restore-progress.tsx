import type { Job, Restore } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { Link } from 'wouter';
import { call } from '../../api/call.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { useJobProgress } from '../../api/use-job.ts';
import { tellNotDone } from '../../api/verbs.ts';
import { count, counted, percent, rate, size } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Progress } from '../../ui/progress.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { progressText } from '../../view/job-text.ts';
import { visibleText } from '../../view/visible-text.ts';

const Running = ({ job }: { readonly job: Job }) => {
  const progress = useJobProgress(job);
  const done = progress ? percent(progress.bytesDone, progress.bytesTotal) : undefined;
  const text = progressText(job, progress);
  return (
    <div className="col gap-3">
      <div className="row">
        <span className="big">
          {progress
            ? `${count(progress.filesDone)}${progress.filesTotal === null ? '' : ` of ${counted(progress.filesTotal, 'file')}`}`
            : 'Waits for the agent'}
        </span>
        <span className="sp" />
        <span className="sec">{text}</span>
      </div>
      <Progress label="Restored bytes" percent={done} text={text} thick announce />
      {progress && (
        <p className="xs sec">
          {progress.phase}: {size(progress.bytesDone)}
          {progress.bytesTotal === null ? '' : ` of ${size(progress.bytesTotal)}`}
          {progress.bytesPerSecond === null ? '' : `, ${rate(progress.bytesPerSecond)}`}
          {progress.errors > 0 && <b className="risk">, {counted(progress.errors, 'error')}</b>}
        </p>
      )}
      <p className="xs dim mono el">{visibleText(progress?.current[0] ?? '') || ' '}</p>
    </div>
  );
};

/** Step 4: how far the restore is. Leaving does not stop it. */
export const RestoreProgress = ({ restore }: { readonly restore: Restore }) => {
  const stop = useVerbStop('run');
  const job = useRouteQuery('getJob', { path: { jobId: restore.jobId ?? '' } }, restore.jobId !== null);
  const cancel = useMutation({
    mutationFn: (jobId: string) => call('cancelJob', { path: { jobId } }),
    onError: (error) => tellNotDone('The restore was not stopped', error),
  });
  return (
    <>
      {job.data ? <Running job={job.data} /> : <Skeleton rows={2} />}
      <div className="row wrap step-foot">
        <span className="xs sec">
          Closing this page does not stop it.{' '}
          {restore.jobId && (
            <Link className="lk" href={`/jobs/${restore.jobId}`}>
              Log
            </Link>
          )}
        </span>
        <span className="sp" />
        {restore.jobId !== null && (
          <Button
            kind="danger"
            stop={stop ?? (cancel.isPending || cancel.isSuccess ? 'It is being stopped.' : undefined)}
            onClick={() => cancel.mutate(restore.jobId ?? '')}
          >
            Stop
          </Button>
        )}
      </div>
    </>
  );
};
