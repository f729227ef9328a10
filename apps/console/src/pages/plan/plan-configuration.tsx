import type { Plan } from '@fortfail/protocol';
import { useRouteQuery } from '../../api/queries.ts';
import { duration } from '../../format/duration.ts';
import { Card } from '../../ui/card.tsx';
import { Moment } from '../../ui/time.tsx';
import { keepText } from '../../view/keep-text.ts';

const scheduleText = (schedule: Plan['schedule']) => (
  <>
    <code>{schedule.cron}</code>, {schedule.zone}
    {schedule.jitterSeconds > 0 ? `, up to ${duration(schedule.jitterSeconds)} later` : ''}
  </>
);

/** What, where, when, keep, promise, prove. */
export const PlanConfiguration = ({ plan }: { readonly plan: Plan }) => {
  const repositories = useRouteQuery('listRepositories').data?.items;
  const repository = repositories?.find(({ id }) => id === plan.repositoryId);
  const { source } = plan;
  return (
    <Card title="Configuration" note={`version ${plan.version}`}>
      <dl className="kv">
        <dt>What</dt>
        <dd>
          {source.kind === 'config'
            ? 'FortFail’s own configuration, catalog and audit'
            : source.paths.map((path) => (
                <code key={path} className="path">
                  {path}
                </code>
              ))}
        </dd>
        {source.kind === 'files' && source.excludes.length > 0 && (
          <>
            <dt>Without</dt>
            <dd>
              {source.excludes.map((pattern) => (
                <code key={pattern} className="path">
                  {pattern}
                </code>
              ))}
            </dd>
          </>
        )}
        <dt>Where</dt>
        <dd>{repository ? `${repository.name}, ${repository.location}` : plan.repositoryId}</dd>
        <dt>When</dt>
        <dd>{scheduleText(plan.schedule)}</dd>
        <dt>Keep</dt>
        <dd>{keepText(plan.keep)}</dd>
        <dt>Promise</dt>
        <dd>
          lose at most {duration(plan.promise.rpoSeconds)}, be back within {duration(plan.promise.rtoSeconds)}
        </dd>
        <dt>Prove</dt>
        <dd>{plan.drillSchedule === null ? 'by hand only' : scheduleText(plan.drillSchedule)}</dd>
        <dt>Changed</dt>
        <dd>
          <Moment at={plan.updatedAt} />
        </dd>
      </dl>
    </Card>
  );
};
