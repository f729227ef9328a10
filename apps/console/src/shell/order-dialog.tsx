import { useRouteQuery } from '../api/queries.ts';
import { useVerbStop } from '../api/session.ts';
import { orderPlanJob, type PlanVerb } from '../api/verbs.ts';
import { measured } from '../format/duration.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import type { KeyTarget } from './use-shortcuts.ts';

export interface Order {
  readonly verb: PlanVerb;
  readonly target: KeyTarget;
}

const words: Record<PlanVerb, { title: string; what: string; verb: string }> = {
  backUp: {
    title: 'Back up',
    what: 'A restore point is made from what its sources hold now. It counts for the promise as soon as it is complete.',
    verb: 'Back up now',
  },
  drillPlan: {
    title: 'Drill',
    what: 'The newest restore point is restored into the scratch folder, every byte is compared with what was recorded, and the time is measured. Nothing that serves is touched.',
    verb: 'Drill now',
  },
};

/** What a letter would order, before it is ordered. */
export const OrderDialog = ({ order: { verb, target }, onClose }: { readonly order: Order; readonly onClose: () => void }) => {
  const stop = useVerbStop(verb === 'drillPlan' ? 'drill' : 'run');
  const lastDrill = useRouteQuery('overview').data?.plans.find(({ plan }) => plan.id === target.id)?.lastDrill;
  const { title, what, verb: label } = words[verb];
  return (
    <Dialog title={`${title} ${target.name}?`} onClose={onClose} className="confirm">
      <p className="sec">{what}</p>
      {verb === 'drillPlan' && lastDrill?.outcome === 'passed' && (
        <p className="sec">The last one measured {measured(lastDrill.rtoSeconds)}.</p>
      )}
      <div className="row dlg-foot">
        <span className="sp" />
        <Button onClick={onClose} autoFocus>
          Not now
        </Button>
        <Button
          kind="primary"
          stop={stop}
          onClick={() => {
            onClose();
            void orderPlanJob({ verb, planId: target.id, planName: target.name });
          }}
        >
          {label}
        </Button>
      </div>
    </Dialog>
  );
};
