import type { Restore } from '@fortfail/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { pagedQuery } from '../../api/queries.ts';
import { measured } from '../../format/duration.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ShowOlder } from '../../ui/show-older.tsx';
import { Answer } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import type { Tone } from '../../ui/tone.ts';

const tones: Record<Restore['status'], Tone> = {
  proposing: 'run',
  proposed: 'wait',
  applying: 'run',
  succeeded: 'safe',
  partial: 'risk',
  failed: 'lost',
  cancelled: 'stopped',
};
const words: Record<Restore['status'], string> = {
  proposing: 'is worked out',
  proposed: 'waits for a yes',
  applying: 'runs',
  succeeded: 'succeeded',
  partial: 'partial',
  failed: 'failed',
  cancelled: 'cancelled',
};

const RestoreRow = ({ restore }: { readonly restore: Restore }) => (
  <tr>
    <td>
      <Link className="m" data-row href={`/restores/${restore.id}`}>
        <Moment at={restore.createdAt} />
      </Link>
    </td>
    <td>{restore.planName}</td>
    <td>
      <Status tone={tones[restore.status]}>{words[restore.status]}</Status>
    </td>
    <td className="num sec">
      {restore.report
        ? `${count(restore.report.files)}, ${size(restore.report.bytes)}`
        : restore.proposal
          ? `${count(restore.proposal.files)}, ${size(restore.proposal.bytes)}`
          : '–'}
    </td>
    <td className="num">{restore.report ? measured(restore.report.rtoSeconds) : '–'}</td>
    <td className="wr">
      <code className="xs sec">{restore.report?.target ?? restore.proposal?.target ?? restore.target ?? ''}</code>
    </td>
  </tr>
);

/** Restores asked for, newest first. */
export const RestoresPage = () => {
  const query = useInfiniteQuery(pagedQuery('listRestores', { query: { limit: 50 } }));
  const restores = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const waiting = restores.filter(({ status }) => status === 'proposed').length;
  return (
    <Page title="Restores" crumbs={[{ label: 'Restores' }]}>
      <div className="head">
        <div>
          <h1>
            {waiting > 0
              ? `${counted(waiting, 'restore waits', 'restores wait')} for a yes`
              : restores.length > 0
                ? 'No restore waits for a yes'
                : 'Restores'}
          </h1>
          <p className="sub">Each begins with a proposal and ends with a measured time.</p>
        </div>
        <span className="sp" />
        <ButtonLink kind="primary" href="/restores/new">
          Restore…
        </ButtonLink>
      </div>
      <Card title="Restores" note="newest first" flush busy={query.isPending}>
        <Answer query={query} failed="The restores could not be read." works="Those that run go on." rows={6}>
          {() =>
            restores.length === 0 ? (
              <p className="in-pad sec">Nothing was restored yet. A drill proves that it would work.</p>
            ) : (
              <>
                <div className="tw">
                  <table className="t">
                    <thead>
                      <tr>
                        <th scope="col">Asked for</th>
                        <th scope="col">Plan</th>
                        <th scope="col">State</th>
                        <th scope="col" className="num">
                          Files
                        </th>
                        <th scope="col" className="num">
                          Measured
                        </th>
                        <th scope="col">Into</th>
                      </tr>
                    </thead>
                    <tbody>
                      {restores.map((restore) => (
                        <RestoreRow key={restore.id} restore={restore} />
                      ))}
                    </tbody>
                  </table>
                </div>
                <ShowOlder query={query} label="Show older restores" />
              </>
            )
          }
        </Answer>
      </Card>
    </Page>
  );
};
