import type { PlanState } from '@fortfail/protocol';
import { useVerbStop } from '../api/session.ts';
import { type PlanVerb, usePlanJob } from '../api/verbs.ts';
import { Button } from './button.tsx';

interface PlanVerbButtonProps {
  readonly verb: PlanVerb;
  readonly state: Pick<PlanState, 'plan' | 'newestPoint'>;
  readonly primary?: boolean;
}

/** Back up now, or drill now: acts at once, since neither touches what serves. */
export const PlanVerbButton = ({ verb, state: { plan, newestPoint }, primary = false }: PlanVerbButtonProps) => {
  const order = usePlanJob();
  const stop = useVerbStop(verb === 'backUp' ? 'run' : 'drill');
  const nothing = verb === 'drillPlan' && newestPoint === null ? 'There is no restore point to drill yet.' : undefined;
  return (
    <Button
      kind={primary ? 'primary' : 'plain'}
      stop={stop ?? nothing ?? (order.isPending ? 'It is being ordered.' : undefined)}
      onClick={() => order.mutate({ verb, planId: plan.id, planName: plan.name })}
    >
      {verb === 'backUp' ? 'Back up now' : 'Drill now'}
    </Button>
  );
};
