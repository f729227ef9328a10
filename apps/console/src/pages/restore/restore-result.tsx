import type { Phase, Restore } from '@fortfail/protocol';
import { Link } from 'wouter';
import { measured } from '../../format/duration.ts';
import { counted, size } from '../../format/quantity.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { Figure } from '../../ui/card.tsx';
import { phaseWord } from '../../ui/drill-trend.tsx';
import { Note } from '../../ui/states.tsx';
import { asSentence } from '../../view/job-text.ts';

const Phases = ({ phases }: { readonly phases: readonly Phase[] }) => (
  <p className="xs sec">{phases.map(({ name, seconds }) => `${phaseWord[name]} ${measured(seconds)}`).join(', ')}</p>
);

const Foot = ({ restore }: { readonly restore: Restore }) => (
  <div className="row wrap step-foot">
    {restore.jobId && (
      <Link className="lk" href={`/jobs/${restore.jobId}`}>
        Log of the job
      </Link>
    )}
    <span className="sp" />
    <ButtonLink href={`/restores/new?point=${restore.restorePointId}`}>Restore again…</ButtonLink>
    <ButtonLink kind="primary" href="/restores">
      Done
    </ButtonLink>
  </div>
);

/** Step 5: what came back, measured. A restore that lacks something is never told as if it were whole. */
export const RestoreResult = ({ restore, host }: { readonly restore: Restore; readonly host: string }) => {
  const { report, error, status } = restore;
  if (!report)
    return (
      <>
        <Note
          tone={status === 'cancelled' ? 'stopped' : 'lost'}
          title={
            status === 'cancelled' ? 'The restore was stopped.' : restore.proposal ? 'The restore failed.' : 'No proposal could be made.'
          }
          alert={status !== 'cancelled'}
        >
          {error && (
            <p className="sec">
              {asSentence(error.message)} {error.hint && asSentence(error.hint)}
            </p>
          )}
          {error && <p className="xs dim mono">{error.code}</p>}
          <p className="sec">
            {restore.proposal
              ? `What was already written stays in ${restore.proposal.target}; it is not complete.`
              : 'Nothing was written.'}
          </p>
        </Note>
        <Foot restore={restore} />
      </>
    );
  const isWhole = status === 'succeeded' && report.errors === 0;
  const isVerified = report.verifiedBytes >= report.bytes;
  return (
    <>
      <Note
        tone={isWhole ? 'safe' : 'risk'}
        title={`${counted(report.files, 'file is', 'files are')} back on ${host}${isWhole && isVerified ? ', every byte verified' : ''}. It took ${measured(report.rtoSeconds)}.`}
      >
        <p className="sec wrap-any">
          They are in <code>{report.target}</code>.{' '}
          {report.errors > 0 && `${counted(report.errors, 'entry', 'entries')} could not be restored as stored; the log names them.`}
        </p>
        {error && <p className="sec">{asSentence(error.message)}</p>}
      </Note>
      <dl className="figs plain">
        <Figure
          name="Measured"
          value={measured(report.rtoSeconds)}
          detail={
            restore.proposal?.expectedSeconds == null ? 'nothing was expected' : `expected ~${measured(restore.proposal.expectedSeconds)}`
          }
        />
        <Figure name="Written" value={size(report.bytes)} detail={counted(report.files, 'file')} />
        <Figure name="Verified" value={size(report.verifiedBytes)} detail={isVerified ? 'every byte' : 'not every byte'} />
        <Figure
          name="Not as stored"
          value={<span className={report.errors > 0 ? 'risk' : ''}>{report.errors}</span>}
          detail={report.errors > 0 ? 'named in the log' : 'entries'}
        />
      </dl>
      <Phases phases={report.phases} />
      <Foot restore={restore} />
    </>
  );
};
