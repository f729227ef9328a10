import type { Drill } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { duration, measured } from '../../format/duration.ts';
import { count, counted, size } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Card, Figure } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { DrillTrend } from '../../ui/drill-trend.tsx';
import { PhaseBar } from '../../ui/phase-bar.tsx';
import { Answer, ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Chip, Glyph } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { drillTitle, provenText } from '../../view/evidence-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { SignedFiles, saveEvidence } from './signed-files.tsx';
import './drills.css';

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

const Proof = ({ drill }: { readonly drill: Drill }) => {
  const didPass = drill.outcome === 'passed';
  return (
    <div className="grid str proof-grid">
      <div className="c6 col">
        <Card title={didPass ? 'What this proves' : 'What was looked at'} className="proof">
          <div className="col gap-3">
            <p className="m">{provenText(drill)}</p>
            <ul className="col">
              {drill.asserted.map((sentence) => (
                <li key={sentence} className="row top">
                  <Glyph tone={didPass ? 'safe' : 'unknown'} />
                  <span>{visibleText(sentence)}</span>
                </li>
              ))}
            </ul>
          </div>
        </Card>
      </div>
      <div className="c6 col">
        <Card title="What this does not prove" className="proof">
          <ul className="col">
            {drill.notTested.length === 0 && <li className="sec">The agent named nothing that was left out.</li>}
            {drill.notTested.map((sentence) => (
              <li key={sentence} className="row top">
                <Glyph tone="unknown" />
                <span>{visibleText(sentence)}</span>
              </li>
            ))}
          </ul>
        </Card>
      </div>
    </div>
  );
};

const WhereAndHow = ({ drill }: { readonly drill: Drill }) => (
  <Card title="What was drilled">
    <dl className="kv">
      <dt>Snapshot</dt>
      <dd>
        <code>{drill.snapshot}</code>
      </dd>
      <dt>On</dt>
      <dd>{visibleText(drill.host)}</dd>
      <dt>Into</dt>
      <dd>
        <code>{visibleText(drill.scratch)}</code>
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
          <dd>{visibleText(version)}</dd>
        </div>
      ))}
    </dl>
  </Card>
);

const Trend = ({ drill }: { readonly drill: Drill }) => {
  const query = useRouteQuery('listDrills', { query: { planId: drill.planId, limit: 13 } });
  return (
    <Card
      title="This plan over its drills"
      note={query.data ? counted(query.data.items.length, 'drill') : undefined}
      busy={query.isPending}
    >
      <Answer query={query} failed="The drills could not be read." rows={5}>
        {({ items }) => <DrillTrend drills={items} promiseSeconds={drill.promisedRtoSeconds} />}
      </Answer>
    </Card>
  );
};

/** On the first sheet of paper what was found, on the second how to verify it. */
const Evidence = ({ drill }: { readonly drill: Drill }) => (
  <>
    <Figures drill={drill} />
    {drill.outcome === 'passed' && (
      <Card title="Time to return" note="measured by the agent, against the promise">
        <PhaseBar phases={drill.phases} promiseSeconds={drill.promisedRtoSeconds} rtoSeconds={drill.rtoSeconds} />
      </Card>
    )}
    <Proof drill={drill} />
    {drill.differences.length > 0 && <Differences drill={drill} />}
    <div className="grid str proof-grid">
      <div className="c6 col">
        <WhereAndHow drill={drill} />
      </div>
      <div className="c6 col noprint">
        <Trend drill={drill} />
      </div>
    </div>
    <div className="sheet-two">
      <SignedFiles drillId={drill.id} />
    </div>
    <CommandLine command={`fortfail drill evidence ${drill.id}`} />
  </>
);

const Verbs = ({ drill }: { readonly drill: Drill }) => {
  const evidence = useRouteQuery('getEvidence', { path: { drillId: drill.id } }).data;
  return (
    <div className="verbs">
      <Button
        kind="primary"
        stop={evidence ? undefined : 'There is no signed file to save.'}
        onClick={() => {
          if (evidence) saveEvidence(evidence);
        }}
      >
        Save the evidence
      </Button>
      <Button onClick={() => print()}>Print</Button>
      <ButtonLink href={`/jobs/${drill.jobId}`}>Log</ButtonLink>
      <ButtonLink href={`/plans/${drill.planId}`}>The plan</ButtonLink>
    </div>
  );
};

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
                <h1>{drillTitle(drill)}</h1>
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
            <Verbs drill={drill} />
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
