import type { Job, JobLogLine } from '@fortfail/protocol';
import { useLayoutEffect, useRef, useState } from 'react';
import { useZone } from '../../api/preferences.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { useJobLines } from '../../api/use-job.ts';
import { clockText } from '../../format/moment.ts';
import { counted } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Answer } from '../../ui/states.tsx';
import { isLive } from '../../view/job-text.ts';
import { mergeLines, warningCount } from '../../view/log-lines.ts';
import { visibleText } from '../../view/visible-text.ts';

/** Follows the end of the box until somebody scrolls up; then counts what came since. */
const useFollow = (count: number) => {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<number>();
  const isFollowing = seen === undefined;
  const toEnd = (): void => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useLayoutEffect(() => {
    if (isFollowing && count > 0) toEnd();
  });
  const onScroll = (): void => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {};
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 24;
    setSeen(isAtEnd ? undefined : (seen ?? count));
  };
  return { box, onScroll, isFollowing, missed: seen === undefined ? 0 : count - seen, follow: () => setSeen(undefined) };
};

const LogLine = ({ line, zone }: { readonly line: JobLogLine; readonly zone: string }) => (
  <li className={line.level}>
    <time dateTime={line.at} title={line.at}>
      {clockText(Date.parse(line.at), zone, true)}
    </time>
    <span className={line.level === 'warn' ? 'risk m' : line.level === 'error' ? 'lost m' : 'dim'}>{line.level}</span>
    <span>
      {line.item && <span className="b">{visibleText(line.item)}: </span>}
      {visibleText(line.message)}
    </span>
  </li>
);

/** What the job said, live at the end. */
export const JobLog = ({ job }: { readonly job: Job }) => {
  const zone = useZone();
  const [onlyWarnings, setOnlyWarnings] = useState(false);
  const query = useRouteQuery('getJobLog', { path: { jobId: job.id } });
  const live = useJobLines(job.id);
  const lines = mergeLines(query.data?.lines ?? [], live);
  const warnings = warningCount(lines);
  const shown = onlyWarnings ? lines.filter(({ level }) => level !== 'info') : lines;
  const { box, onScroll, isFollowing, missed, follow } = useFollow(shown.length);
  const filter = (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form.
    <div className="seg-ctl" role="group" aria-label="Lines shown">
      <button type="button" aria-pressed={!onlyWarnings} onClick={() => setOnlyWarnings(false)}>
        All
      </button>
      <button type="button" aria-pressed={onlyWarnings} onClick={() => setOnlyWarnings(true)}>
        Warnings {warnings}
      </button>
    </div>
  );
  return (
    <Card
      title="Log"
      note={`${isLive(job) && isFollowing ? 'following, ' : ''}${counted(lines.length, 'line')}`}
      flush
      busy={query.isPending}
      className="log-card"
      action={filter}
    >
      <Answer query={query} failed="The log could not be read." works="The job is not touched by that." rows={6}>
        {({ truncated }) =>
          shown.length === 0 ? (
            <p className="in-pad sec">
              {onlyWarnings ? 'There is no warning.' : isLive(job) ? 'It has not said anything yet.' : 'It said nothing.'}
            </p>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keys.
            <section ref={box} className="log-box" aria-label="Log lines" tabIndex={0} onScroll={onScroll}>
              {truncated && <p className="xs dim log-cut">Earlier lines were left out.</p>}
              <ol className="log">
                {shown.map((line, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names, and are only ever added at the end.
                  <LogLine key={index} line={line} zone={zone} />
                ))}
              </ol>
            </section>
          )
        }
      </Answer>
      {missed > 0 && (
        <div className="table-foot">
          <Button small onClick={follow}>
            {counted(missed, 'new line')}
          </Button>
        </div>
      )}
    </Card>
  );
};
