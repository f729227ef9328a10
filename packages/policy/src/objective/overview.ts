import type { Judgement, Verdict } from './objective.ts';

export interface VerdictCounts {
  readonly kept: number;
  readonly atRisk: number;
  readonly broken: number;
  readonly unknown: number;
  readonly held: number;
}

export interface OverviewAnswer {
  readonly counts: VerdictCounts;
  /** "25 of 30 plans would come back as promised. 2 would not, 2 are close, 1 cannot be told." */
  readonly title: string;
}

/** Answers "are we safe?" over all plans. A held plan whose promise is kept counts as one that would come back. */
export function summariseVerdicts(plans: readonly Pick<Judgement, 'verdict' | 'wouldComeBack'>[]): OverviewAnswer {
  const count = (verdict: Verdict): number => plans.filter((plan) => plan.verdict === verdict).length;
  const counts = { kept: count('kept'), atRisk: count('at-risk'), broken: count('broken'), unknown: count('unknown'), held: count('held') };
  if (plans.length === 0) return { counts, title: 'Nothing is protected yet.' };
  const safe = plans.filter((plan) => plan.wouldComeBack).length;
  const heldBack = plans.filter((plan) => plan.verdict === 'held' && !plan.wouldComeBack).length;
  const rest = [
    ...phrase(counts.broken, 'would not', 'would not'),
    ...phrase(counts.atRisk, 'is close', 'are close'),
    ...phrase(counts.unknown, 'cannot be told', 'cannot be told'),
    ...phrase(heldBack, 'is held', 'are held'),
  ];
  return { counts, title: `${firstSentence(safe, plans.length)}${rest.length === 0 ? '' : ` ${rest.join(', ')}.`}` };
}

function firstSentence(safe: number, total: number): string {
  if (safe < total) return `${safe} of ${total} ${total === 1 ? 'plan' : 'plans'} would come back as promised.`;
  if (total === 1) return 'The plan would come back as promised.';
  return `${total === 2 ? 'Both' : `All ${total}`} plans would come back as promised.`;
}

function phrase(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}
