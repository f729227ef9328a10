import type { Drill } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { duration, measured } from '../../format/duration.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { Card, Figure } from '../../ui/card.tsx';
import { PhaseBar } from '../../ui/phase-bar.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Chip, Glyph } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { visibleText } from '../../view/visible-text.ts';

const Figures = ({ drill }: { readonly drill: Drill }) => {
  const isOver = drill.rtoSeconds > drill.promisedRtoSeconds;
  const didPass = drill.outcome === 'passed';
  return (
    <dl className="card figs">
      <Figure
        name="Time to return"
        value={<span className={isOver || !didPass ? 'lost' : ''}>{didPass ? measured(drill.rtoSeconds) : 'none'}</span>}
        detail={didPass ? `promise ${duration(drill.promisedRtoSeconds)}` : 'a failed drill measures nothing'}
      />
      <Figure
        name="Compared"
        value={size(drill.comparedBytes)}
        detail={`of ${size(drill.bytes)}, ${counted(drill.comparedEntries, 'entry', 'entries')}`}
      />
      <Figure
        name="Differences"
        value={<span className={drill.differenceCount > 0 ? 'lost' : ''}>{count(drill.differenceCount)}</span>}
        detail={drill.differenceCount === 0 ? 'all as recorded' : 'named below'}
      />
      <Figure
        name="Data age when it began"
        value={drill.rpoSeconds === null ? 'unknown' : duration(drill.rpoSeconds)}
        detail={`${counted(drill.files, 'file')}, ${counted(drill.directories, 'folder')}`}
      />
    </dl>
  );
};

const Differences = ({ drill }: { readonly drill: Drill }) => (
  <Card
    title="Differences"
    note={
      drill.differences.length < drill.differenceCount
        ? `the first ${drill.differences.length} of ${count(drill.differenceCount)}`
        : count(drill.differenceCount)
    }
    flush
  >
    <div className="tw">
      <table className="t">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">What</th>
            <th scope="col">Expected</th>
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {drill.differences.map((difference) => (
            <tr key={`${difference.path} ${difference.what}`}>
              <td className="wr mono">{visibleText(difference.path)}</td>
              <td>{difference.what}</td>
              <td className="wr">{difference.expected}</td>
              <td className="wr">{difference.found}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </Card>
);

const Evidence = ({ drill }: { readonly drill: Drill }) => (
  <>
    <Figures drill={drill} />
    {drill.outcome === 'passed' && (
      <Card title="Phases" note="measured, against the promise">
        <PhaseBar phases={drill.phases} promiseSeconds={drill.promisedRtoSeconds} rtoSeconds={drill.rtoSeconds} />
      </Card>
    )}
    {drill.differences.length > 0 && <Differences drill={drill} />}
    <div className="grid">
      <div className="c6 col gap-4">
        <Card title={drill.outcome === 'passed' ? 'What was shown to be true' : 'What was looked at'}>
          <ul className="col">
            {drill.asserted.map((sentence) => (
              <li key={sentence} className="row top">
                <Glyph tone={drill.outcome === 'passed' ? 'safe' : 'unknown'} />
                <span>{sentence}</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="What was not tested">
          <ul className="col">
            {drill.notTested.length === 0 && <li className="sec">Nothing was left out.</li>}
            {drill.notTested.map((sentence) => (
              <li key={sentence} className="row top">
                <Glyph tone="unknown" />
                <span>{sentence}</span>
              </li>
            ))}
          </ul>
        </Card>
      </div>
      <div className="c6">
        <Card title="Where and how" note="unsigned until this site has keys">
          <dl className="kv">
            <dt>Snapshot</dt>
            <dd>
              <code>{drill.snapshot}</code>
            </dd>
            <dt>Host</dt>
            <dd>{drill.host}</dd>
            <dt>Scratch</dt>
            <dd>
              <code>{drill.scratch}</code>
            </dd>
            <dt>Began</dt>
            <dd>
              <Moment at={drill.startedAt} seconds />
            </dd>
            <dt>Ended</dt>
            <dd>
              <Moment at={drill.endedAt} seconds />
            </dd>
            {Object.entries(drill.versions).map(([name, version]) => (
              <div key={name} className="fact">
                <dt>{name}</dt>
                <dd>{version}</dd>
              </div>
            ))}
          </dl>
        </Card>
      </div>
    </div>
  </>
);

/** Evidence of one drill: what it proves and what it does not. */
export const DrillPage = ({ drillId }: { readonly drillId: string }) => {
  const query = useRouteQuery('getDrill', { path: { drillId } });
  const drill = query.data;
  return (
    <Page
      title={drill ? `Drill of ${drill.planName}` : 'Drill'}
      crumbs={[{ label: 'Drills', href: '/drills' }, { label: drill?.planName ?? 'Drill' }]}
      plan={drill && { id: drill.planId, name: drill.planName }}
    >
      {!drill && query.error !== null && (
        <>
          <h1>This drill could not be read</h1>
          <ErrorNote title="The evidence could not be read." error={query.error} onRetry={() => void query.refetch()} />
        </>
      )}
      {!drill && query.error === null && (
        <>
          <h1 className="vh">Drill</h1>
          <Card title="Evidence" busy flush>
            <Skeleton rows={8} />
          </Card>
        </>
      )}
      {drill && (
        <>
          <div className="head">
            <div>
              <div className="title">
                <h1>
                  {drill.outcome === 'passed'
                    ? `${drill.planName} came back in ${measured(drill.rtoSeconds)}`
                    : `${drill.planName} did not come back as it was`}
                </h1>
                <Chip tone={drill.outcome === 'passed' ? 'safe' : 'lost'}>{drill.outcome}</Chip>
              </div>
              <p className="sub">
                Drilled <Moment at={drill.startedAt} /> on {drill.host}, from{' '}
                <Link className="lk" href={`/restores/new?point=${drill.restorePointId}`}>
                  this restore point
                </Link>
                .
              </p>
            </div>
            <span className="sp" />
            <div className="verbs">
              <ButtonLink href={`/jobs/${drill.jobId}`}>Log</ButtonLink>
              <ButtonLink href={`/plans/${drill.planId}`}>The plan</ButtonLink>
            </div>
          </div>
          {drill.outcome === 'failed' && (
            <Note tone="lost" title={`${counted(drill.differenceCount, 'difference')} from what was recorded.`}>
              <p className="sec">This point would not bring everything back. Older points may: their grade tells.</p>
            </Note>
          )}
          <Evidence drill={drill} />
        </>
      )}
    </Page>
  );
};
