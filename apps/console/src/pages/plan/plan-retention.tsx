import type { Grade, PlanState, RetentionPreview } from '@fortfail/protocol';
import { lazy, Suspense, useState } from 'react';
import { useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { counted } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Answer } from '../../ui/states.tsx';
import { GradePip, Status } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { gradeFill } from '../../ui/tone.ts';
import { tellingRows } from '../../view/retention-rows.ts';

const ForgetDialog = lazy(async () => ({ default: (await import('./forget-dialog.tsx')).ForgetDialog }));
const FEW = 8;

const Verdict = ({ verdict }: Pick<RetentionPreview['points'][number], 'verdict'>) =>
  verdict === 'keep' ? (
    <Status tone="safe">keep</Status>
  ) : verdict === 'held' ? (
    <Status tone="held">held</Status>
  ) : (
    <span className="sec">remove</span>
  );

const isGrade = (grade: string): grade is Grade => grade in gradeFill;

const Table = ({ points }: Pick<RetentionPreview, 'points'>) => (
  <div className="tw retention-rows">
    <table className="t tight">
      <thead>
        <tr>
          <th scope="col">Restore point</th>
          <th scope="col">Grade</th>
          <th scope="col">Verdict</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {points.map(({ restorePointId, time, grade, verdict, reasons }) => (
          <tr key={restorePointId}>
            <td>
              <Moment at={time} />
            </td>
            <td>{isGrade(grade) ? <GradePip grade={grade} /> : grade}</td>
            <td>
              <Verdict verdict={verdict} />
            </td>
            <td className="wr sec">{reasons.join('; ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

/** What the keep rules would keep and remove now. Only a preview, and it says so. */
export const PlanRetention = ({ state: { plan } }: { readonly state: PlanState }) => {
  const [isWhole, setWhole] = useState(false);
  const [isForgetting, setForgetting] = useState(false);
  const stop = useVerbStop('forget');
  const query = useRouteQuery('previewRetention', { path: { planId: plan.id } });
  const preview = query.data;
  const held = preview?.points.filter(({ verdict }) => verdict === 'held').length ?? 0;
  const note = preview && [`${preview.keep} keep`, `${preview.remove} remove`, ...(held > 0 ? [`${held} held`] : [])].join(', ');
  return (
    <Card
      title="Retention, if forgotten now"
      note={note}
      busy={query.isPending}
      flush
      action={
        preview && preview.points.length > FEW ? (
          <button type="button" className="lk xs" onClick={() => setWhole(!isWhole)}>
            {isWhole ? 'Fewer' : `All ${preview.points.length}`}
            <span className="vh"> rows of the preview</span>
          </button>
        ) : undefined
      }
      footer={
        <>
          <span className="retention-note">
            Nothing is removed by itself. Until pruning exists only a person’s forget acts: it moves restore points into the trash and frees
            no space yet.
          </span>
          {preview && preview.remove > 0 && (
            <Button small kind="danger" stop={stop} onClick={() => setForgetting(true)}>
              Forget {counted(preview.remove, 'point')}…
            </Button>
          )}
        </>
      }
    >
      <Answer query={query} failed="The preview could not be computed." works="Nothing is removed." rows={6}>
        {({ points }) =>
          points.length === 0 ? (
            <p className="in-pad sec">There is no restore point to judge yet.</p>
          ) : (
            <Table points={isWhole ? [...points].sort((a, b) => (a.time < b.time ? 1 : -1)) : tellingRows(points, FEW)} />
          )
        }
      </Answer>
      {isForgetting && preview && (
        <Suspense>
          <ForgetDialog plan={plan} preview={preview} onClose={() => setForgetting(false)} />
        </Suspense>
      )}
    </Card>
  );
};
