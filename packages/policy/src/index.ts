export {
  assertMove,
  canMove,
  decideLostLease,
  decideRetry,
  hasEnded,
  type JobStatus,
  jobTransitions,
  type RetryDecision,
} from './job/job-state.ts';
export { dataTimeOf, type Judgement, judgePlan, type PlanFacts, type Verdict, verdictOrder } from './objective/objective.ts';
export { type OverviewAnswer, summariseVerdicts, type VerdictCounts } from './objective/overview.ts';
export { formatAge, formatCount, formatMeasured, formatMoment } from './objective/words.ts';
export { type CalendarSpan, formatSpan, isZeroSpan, parseSpan, parseStatedTime, type StatedTime } from './retention/calendar.ts';
export {
  applyForgetPolicy,
  type ForgetGroup,
  type ForgetOptions,
  type ForgetPolicy,
  type ForgetSnapshot,
  isEmptyPolicy,
  type KeepReason,
  parseKeepCount,
} from './retention/forget-policy.ts';
export {
  type KeepRules,
  type RetainedPoint,
  type RetentionOptions,
  type RetentionVerdict,
  retainPoints,
} from './retention/plan-retention.ts';
export { type GroupBy, groupSnapshots, parseGroupBy, type SnapshotGroup, type SnapshotGroupKey } from './retention/snapshot-group.ts';
export { decideSlots, type SlotDecision, type SlotOptions } from './schedule/catch-up.ts';
export { checkSchedule, type DueSlots, dueSlots, jitterMs, lastSlot, nextSlot, type Schedule } from './schedule/schedule.ts';
export { offsetsOfZone } from './zone.ts';
