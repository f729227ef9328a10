import { asFortFailError, type Clock, FortFailError, isFortFailError, type Logger, toErrorRecord } from '@fortfail/base';
import type { JobPayload } from '@fortfail/protocol';
import type { JobHold, OutgoingFrame } from '../link/agent-link.ts';
import type { Letter, Outbox, Outcome } from '../outbox/outbox.ts';
import type { JobEnd, PerformJob } from './job-context.ts';
import { JobLog } from './job-log.ts';

export interface JobDeskParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outbox: Outbox;
  readonly perform: PerformJob;
  /** The job as this host lets it be done, judged when its turn comes. Throws `denied`. */
  readonly allow: (payload: JobPayload, jobId: string) => Promise<JobPayload>;
  readonly jobsAtOnce: number;
  readonly send: (frame: OutgoingFrame) => boolean;
}

/** A job to be done: by an order, or by this agent itself when no order came. */
export interface Work extends JobHold {
  readonly attempt: number;
  readonly payload: JobPayload;
  /** Set when no order stands behind it: of which plan, and when it was due. */
  readonly selfRun?: { readonly planId: string; readonly dueAt: string };
}

interface Hand {
  readonly lease: Work;
  readonly log: JobLog;
  readonly stop: AbortController;
  isRunning: boolean;
  /** Its outcome is not told, except for a snapshot it made: the job is somebody else's by now. */
  isLost: boolean;
  /** Set when it is stopped on order: what it ends as is `cancelled`. */
  cancelReason: string | undefined;
}

/** Restores have a person waiting; they do not queue behind backups. */
const urgentKinds: ReadonlySet<JobPayload['kind']> = new Set(['propose-restore', 'apply-restore']);
/** Kinds that change a repository: one at a time in each. */
const writingKinds: ReadonlySet<JobPayload['kind']> = new Set(['initialise', 'backup', 'forget']);
const flushMs = 500;

/**
 * Works on leased jobs: at most so many at once, and one writer in each repository. Every attempt ends as one outcome in
 * the outbox, unless its lease was lost: then it is aborted and forgotten.
 */
export class JobDesk {
  readonly #parts: JobDeskParts;
  readonly #hands = new Map<string, Hand>();
  readonly #running = new Set<Promise<void>>();
  /** Attempts that work, also those that were overtaken by a newer lease of their job and have not ended yet. */
  readonly #working = new Set<Hand>();
  #isClosing = false;
  /** Judged one after the other, so that jobs begin in the order of their turns. */
  #judging: Promise<unknown> = Promise.resolve();

  constructor(parts: JobDeskParts) {
    this.#parts = parts;
  }

  /** What is in hand, working or waiting for its turn. */
  holds(): readonly JobHold[] {
    return [...this.#hands.values()]
      .filter(({ isLost, lease }) => !isLost && lease.selfRun === undefined)
      .map(({ lease: { jobId, fence } }) => ({ jobId, fence }));
  }

  /** Whether an attempt is in hand, or its outcome waits: another lease of it says nothing new. */
  knows({ jobId, fence }: JobHold): boolean {
    if (this.#parts.outbox.has(jobId, fence)) return true;
    const known = this.#hands.get(jobId);
    return known !== undefined && known.lease.fence >= fence && !known.isLost;
  }

  /** Whether a backup of that plan works or waits. */
  isBackingUp(planId: string): boolean {
    return [...this.#hands.values()].some(({ lease: { payload } }) => payload.kind === 'backup' && payload.planId === planId);
  }

  /** Takes a job. One that is in hand already, or whose outcome waits, is not begun again. */
  take(lease: Work): void {
    if (this.#isClosing || this.knows(lease)) return;
    const known = this.#hands.get(lease.jobId);
    if (known !== undefined) this.lose(known.lease);
    const log = new JobLog(lease, this.#parts.clock, lease.selfRun === undefined ? this.#parts.send : sayNothing);
    const hand: Hand = { lease, log, stop: new AbortController(), isRunning: false, isLost: false, cancelReason: undefined };
    this.#hands.set(lease.jobId, hand);
    this.#begin();
  }

  /** The lease is gone: the job is aborted, and nothing is told of it any more. */
  lose(hold: JobHold): void {
    const hand = this.#find(hold);
    if (hand === undefined) return;
    hand.isLost = true;
    hand.stop.abort(new FortFailError({ kind: 'cancelled', code: 'lease-lost', message: 'the lease of this job was lost' }));
    if (!hand.isRunning) this.#drop(hand);
  }

  /** Stops a job on order; it ends as `cancelled`. */
  cancel(hold: JobHold, reason: string): void {
    const hand = this.#find(hold);
    if (hand === undefined || hand.isLost) return;
    hand.cancelReason = reason;
    hand.stop.abort(new FortFailError({ kind: 'cancelled', code: 'stopped', message: reason }));
    if (hand.isRunning) return;
    this.#track(this.#tell(hand, cancelledOutcome(reason)));
  }

  /** Sends progress and log lines twice a second, until the signal: a job of two seconds is seen to move. */
  async speak(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(flushMs, signal).catch(() => undefined);
      for (const { log, isLost } of this.#hands.values()) if (!isLost) log.flush();
    }
  }

  /**
   * Stops everything and waits until locks are released. What was begun ends without an outcome: the lease runs out or is
   * given anew at the next start, so the job is done again rather than called cancelled.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const hand of [...this.#hands.values()]) {
      hand.isLost = hand.cancelReason === undefined;
      hand.stop.abort(new FortFailError({ kind: 'cancelled', code: 'agent-stops', message: 'the agent stops' }));
      if (!hand.isRunning) this.#drop(hand);
    }
    await this.idle();
  }

  /** Resolves once nothing runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #find(hold: JobHold): Hand | undefined {
    const hand = this.#hands.get(hold.jobId);
    return hand?.lease.fence === hold.fence ? hand : undefined;
  }

  #drop(hand: Hand): void {
    if (this.#hands.get(hand.lease.jobId) === hand) this.#hands.delete(hand.lease.jobId);
  }

  #begin(): void {
    if (this.#isClosing) return;
    for (const hand of this.#hands.values()) {
      if (!hand.isRunning && !hand.isLost && hand.cancelReason === undefined && this.#mayRun(hand)) {
        hand.isRunning = true;
        this.#working.add(hand);
        this.#track(this.#run(hand));
      }
    }
  }

  #mayRun({ lease: { jobId, payload } }: Hand): boolean {
    if ([...this.#working].some(({ lease }) => lease.jobId === jobId)) return false;
    const running = [...this.#working].map(({ lease }) => lease.payload);
    const isUrgent = urgentKinds.has(payload.kind);
    if (running.filter(({ kind }) => urgentKinds.has(kind) === isUrgent).length >= this.#parts.jobsAtOnce) return false;
    // The configuration is staged in one place, which must not change while it is read.
    if (isOfItself(payload) && running.some(isOfItself)) return false;
    if (!writingKinds.has(payload.kind)) return true;
    return !running.some((other) => writingKinds.has(other.kind) && other.repository.id === payload.repository.id);
  }

  #track(work: Promise<void>): void {
    const ended = work
      .catch((err: unknown) => this.#parts.logger.error({ component: 'jobs', err }, 'a job broke off'))
      .finally(() => {
        this.#running.delete(ended);
        this.#begin();
      });
    this.#running.add(ended);
  }

  async #run(hand: Hand): Promise<void> {
    const { lease, log, stop } = hand;
    const { logger, clock } = this.#parts;
    const fields = { component: 'jobs', jobId: lease.jobId, kind: lease.payload.kind, attempt: lease.attempt, fence: lease.fence };
    const beganMs = clock.monotonicMs();
    try {
      const voice = {
        jobId: lease.jobId,
        signal: stop.signal,
        progress: log.progress.bind(log),
        log: log.log.bind(log),
      };
      const outcome = await this.#allowed(lease)
        .then((payload) => {
          stop.signal.throwIfAborted();
          logger.info(fields, 'job begins');
          if (lease.selfRun === undefined) this.#parts.send({ type: 'started', jobId: lease.jobId, fence: lease.fence });
          return this.#parts.perform(payload, voice);
        })
        .then(endedOutcome, (error: unknown) => failedOutcome(error, hand));
      const durationMs = Math.round(clock.monotonicMs() - beganMs);
      const { status, error } = outcome;
      logger.info(
        { ...fields, status, durationMs, lost: hand.isLost, errKind: error?.kind, errCode: error?.code, errMessage: error?.message },
        'job ends',
      );
      // A snapshot that came to be must not lie there unknown, whoever does the job by now.
      const madeSnapshot = outcome.result?.kind === 'backup';
      if (hand.isLost && !madeSnapshot) this.#drop(hand);
      else await this.#tell(hand, outcome);
    } finally {
      hand.isRunning = false;
      this.#working.delete(hand);
    }
  }

  #allowed({ payload, jobId }: Work): Promise<JobPayload> {
    const judged = this.#judging.then(() => this.#parts.allow(payload, jobId));
    this.#judging = judged.catch(() => undefined);
    return judged;
  }

  /** The outcome is durable before the job leaves the hand, so a lease is never without an owner. */
  async #tell(hand: Hand, outcome: BareOutcome): Promise<void> {
    const { outbox, send, logger } = this.#parts;
    const { jobId } = hand.lease;
    hand.log.flush();
    try {
      const stored = await outbox.add(letterOf(hand.lease, outcome)).catch(async (error: unknown) => {
        logger.error({ component: 'jobs', jobId, err: error }, 'outcome not understood by our own rules');
        const bug = toErrorRecord(
          new FortFailError({ kind: 'bug', code: 'outcome-shape', message: 'unable to tell the outcome of the job' }),
        );
        return await outbox.add(letterOf(hand.lease, { status: 'failed', result: null, error: bug, summary: bug.message }));
      });
      send(stored);
    } finally {
      this.#drop(hand);
    }
  }
}

function isOfItself(payload: JobPayload): boolean {
  return payload.kind === 'backup' && payload.source.kind === 'config';
}

type BareOutcome = Omit<Outcome, 'jobId' | 'fence'>;

/** Nobody asked for it, so nobody listens while it works. */
function sayNothing(): boolean {
  return true;
}

function letterOf({ jobId, fence, selfRun }: Work, { status, result, error, summary }: BareOutcome): Letter {
  if (selfRun === undefined) return { type: 'outcome', jobId, fence, status, result, error, summary };
  const ended = status === 'cancelled' ? 'failed' : status;
  return { type: 'self-run', ...selfRun, status: ended, result: result?.kind === 'backup' ? result : null, error, summary };
}

function endedOutcome(end: JobEnd): BareOutcome {
  return { status: end.status, result: end.result, error: end.error ?? null, summary: end.summary };
}

function cancelledOutcome(reason: string): BareOutcome {
  return { status: 'cancelled', result: null, error: null, summary: reason };
}

function failedOutcome(error: unknown, hand: Hand): BareOutcome {
  if (hand.cancelReason !== undefined) return cancelledOutcome(hand.cancelReason);
  if (isFortFailError(error, 'cancelled'))
    return { status: 'cancelled', result: null, error: toErrorRecord(error), summary: error.message };
  const record = toErrorRecord(asFortFailError(error));
  return { status: 'failed', result: null, error: record, summary: record.message };
}
