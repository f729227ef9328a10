import type { PlanState } from '@fortfail/protocol';

/** One line of "needs a person": what is true, and the one verb for it. */
export interface Need {
  readonly state: PlanState;
  readonly first: string;
  readonly rest: string;
  readonly verb: 'backUp' | 'drillPlan' | 'evidence' | 'open';
}

/** The first sentence, and what follows it. */
export const splitSentence = (text: string): { first: string; rest: string } => {
  const end = /[.](?=\s+\p{Lu})/u.exec(text);
  if (!end) return { first: text, rest: '' };
  return { first: text.slice(0, end.index), rest: text.slice(end.index + 1).trim() };
};

const verbFor = ({ verdict, lastDrill, newestPoint, plan, runningJobId }: PlanState): Need['verb'] => {
  if (runningJobId !== null || !plan.enabled) return 'open';
  if (verdict === 'unknown') return newestPoint !== null && lastDrill === null ? 'drillPlan' : 'open';
  const isOld = newestPoint === null || newestPoint.ageSeconds > plan.promise.rpoSeconds * 0.8;
  if (isOld) return 'backUp';
  if (lastDrill?.outcome === 'failed') return 'evidence';
  return lastDrill === null ? 'drillPlan' : 'open';
};

/** The plans that somebody should look at, as the server ordered them: worst first. */
export const needsOf = (plans: readonly PlanState[]): Need[] =>
  plans
    .filter(({ verdict }) => verdict === 'broken' || verdict === 'at-risk' || verdict === 'unknown')
    .map((state) => ({ state, ...splitSentence(state.sentence), verb: verbFor(state) }));
