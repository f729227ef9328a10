import type { Job } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useZone } from '../../api/preferences.ts';
import { useNow } from '../../api/server-clock.ts';
import { useJobProgress } from '../../api/use-job.ts';
import { momentText } from '../../format/moment.ts';
import { percent } from '../../format/quantity.ts';
import { Progress } from '../../ui/progress.tsx';
import { Glyph } from '../../ui/status.tsx';
import { jobTone, jobWord } from '../../ui/tone.ts';
import { isLive, jobTitle, progressText } from '../../view/job-text.ts';

const useStateText = (job: Job): string => {
  const zone = useZone();
  const now = useNow(3600);
  const progress = useJobProgress(job);
  if (isLive(job)) return progressText(job, progress);
  const ended = job.endedAt === null ? '' : ` ${momentText(Date.parse(job.endedAt), zone, now)}`;
  return `${jobWord[job.status]}${ended}${job.outcome ? `, ${job.outcome}` : job.error ? `, ${job.error.message}` : ''}`;
};

const JobItem = ({ job, isOpen, search }: { readonly job: Job; readonly isOpen: boolean; readonly search: string }) => {
  const progress = useJobProgress(job);
  const text = useStateText(job);
  const done = job.status === 'running' && progress ? percent(progress.bytesDone, progress.bytesTotal) : undefined;
  return (
    <li>
      <Link
        className={isOpen ? 'job-item on' : 'job-item'}
        data-row
        href={`/jobs/${job.id}${search}`}
        aria-current={isOpen ? 'true' : undefined}
      >
        <Glyph tone={jobTone[job.status]} />
        <span className="el">
          <b className="m">{jobTitle(job)}</b>
        </span>
        <span className="xs sec nw">{done === undefined ? '' : `${done} %`}</span>
        {job.status === 'running' && (
          <span className="job-bar">
            <Progress label={jobTitle(job)} percent={done} text={text} />
          </span>
        )}
        <span className="xs sec job-state">{text}</span>
      </Link>
    </li>
  );
};

interface JobListProps {
  readonly jobs: readonly Job[];
  readonly openId: string | undefined;
  /** The view's filter, kept while one walks through the list. */
  readonly search: string;
}

/** Jobs by their state in a line each. */
export const JobList = ({ jobs, openId, search }: JobListProps) => (
  <ul className="job-list">
    {jobs.map((job) => (
      <JobItem key={job.id} job={job} isOpen={job.id === openId} search={search} />
    ))}
  </ul>
);
