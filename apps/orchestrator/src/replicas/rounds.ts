import type { Clock, Logger } from '@fortfail/base';
import type { Leader } from './leader.ts';

export interface Rounds {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Only the leading process goes on rounds; each process does where this is left out. */
  readonly leader?: Leader | undefined;
  readonly everyMs: number;
  /** For the log, when a round fails. */
  readonly component: string;
}

/** Goes on one round after the other until the signal. A round that fails is logged and made again at its next time. */
export async function goRounds(
  { clock, logger, leader, everyMs, component }: Rounds,
  signal: AbortSignal,
  round: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (leader?.isLeader() ?? true) await round();
    } catch (err) {
      logger.error({ component, err }, 'a round failed, it is made again');
    }
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
}
