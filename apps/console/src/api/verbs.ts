import { useMutation } from '@tanstack/react-query';
import { CallError, call } from './call.ts';
import { queryClient } from './queries.ts';
import { toast } from './toasts.ts';

export type PlanVerb = 'backUp' | 'drillPlan';

interface PlanOrder {
  readonly verb: PlanVerb;
  readonly planId: string;
  readonly planName: string;
}

const spoken: Record<PlanVerb, string> = { backUp: 'Backup', drillPlan: 'Drill' };

/** Tells of an order that was not taken. Errors of forms are shown at the form instead. */
export const tellNotDone = (title: string, error: unknown): void => {
  const hint = error instanceof CallError ? error.problem?.hint : undefined;
  const message = error instanceof Error ? error.message : String(error);
  toast({ tone: 'lost', title, detail: hint ? `${message}. ${hint}` : message });
};

/** Orders one job of a plan and tells where to follow it. */
export const orderPlanJob = async ({ verb, planId, planName }: PlanOrder): Promise<void> => {
  try {
    const { job } = await call(verb, { path: { planId } });
    toast({
      tone: 'run',
      title: `${spoken[verb]} of ${planName} is ordered`,
      detail: 'You can leave.',
      link: { label: 'Follow', href: `/jobs/${job.id}` },
    });
    for (const name of ['overview', 'listJobs', 'getPlan']) void queryClient.invalidateQueries({ queryKey: [name] });
  } catch (error) {
    tellNotDone(`${spoken[verb]} of ${planName} was not ordered`, error);
  }
};

/** `orderPlanJob` with its state, so that a button can be off while the order is on its way. */
export const usePlanJob = () => useMutation({ mutationFn: orderPlanJob });
