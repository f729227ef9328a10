import type { Job } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useJobProgress } from '../../api/use-job.ts';
import { percent } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';
import { Progress } from '../../ui/progress.tsx';
import { jobTitle, progressText } from '../../view/job-text.ts';

const RunningJob = ({ job }: { readonly job: Job }) => {
  const progress = useJobProgress(job);
  const done = progress ? percent(progress.bytesDone, progress.bytesTotal) : undefined;
  const text = progressText(job, progress);
  return (
    <li className="col running">
      <div className="row">
        <Link className="m el" href={`/jobs/${job.id}`}>
          {jobTitle(job)}
        </Link>
        <span className="sp" />
        <span className="sec xs nw">{text}</span>
      </div>
      <Progress label={jobTitle(job)} percent={done} text={text} />
    </li>
  );
};

/** Jobs that run or wait at this moment. */
export const NowRunning = ({ jobs }: { readonly jobs: readonly Job[] }) => (
  <Card
    title="Now running"
    action={
      <Link className="lk xs" href="/jobs">
        All jobs
      </Link>
    }
  >
    {jobs.length === 0 ? (
      <p className="sec">Nothing runs. The next slots are in the table below.</p>
    ) : (
      <ul className="col gap-3">
        {jobs.slice(0, 5).map((job) => (
          <RunningJob key={job.id} job={job} />
        ))}
      </ul>
    )}
  </Card>
);
