import type { Clock, Logger } from '@fortfail/base';

export interface Alarm {
  readonly kind: string;
  readonly at: string;
  readonly sentence: string;
  readonly jobId: string | null;
  readonly hostname: string;
}

/** Tells an alarm by every channel, in the background. */
export type AlarmPost = (alarm: Alarm) => void;

export interface ChannelParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The channels of the policy of this moment. */
  readonly channels: () => readonly string[];
  readonly signal: AbortSignal;
}

const pausesMs = [0, 30_000, 300_000] as const;
const patienceMs = 10_000;
/** Posts under way; more are dropped, since one that got through says enough. */
const mostAtOnce = 20;

/** Posts to `ntfy:` and `https:` addresses, three times at most each. Nothing is ever run. */
export function alarmChannels(parts: ChannelParts): AlarmPost {
  let underWay = 0;
  return (alarm) => {
    for (const channel of parts.channels()) {
      if (underWay >= mostAtOnce) return;
      underWay += 1;
      void deliver(channel, alarm, parts).finally(() => {
        underWay -= 1;
      });
    }
  };
}

async function deliver(channel: string, alarm: Alarm, { clock, logger, signal }: ChannelParts): Promise<void> {
  for (const pauseMs of pausesMs) {
    try {
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      if (await post(channel, alarm, clock, signal)) return;
    } catch (err) {
      if (signal.aborted) return;
      logger.debug({ component: 'alarms', errName: err instanceof Error ? err.name : 'unknown' }, 'alarm channel not reached');
    }
  }
  logger.warn({ component: 'alarms', channel: URL.parse(addressOf(channel))?.host ?? '' }, 'alarm channel not reached, given up');
}

/** `ntfy:topic` is on ntfy.sh, `ntfy:https://server/topic` on a server of one's own. */
export function addressOf(channel: string): string {
  if (!channel.startsWith('ntfy:')) return channel;
  const rest = channel.slice('ntfy:'.length);
  return /^https?:\/\//.test(rest) ? rest : `https://ntfy.sh/${encodeURIComponent(rest)}`;
}

async function post(channel: string, alarm: Alarm, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const isNtfy = channel.startsWith('ntfy:');
  const body = isNtfy ? alarm.sentence : JSON.stringify({ v: 1, ...alarm });
  const headers: Record<string, string> = isNtfy
    ? { 'content-type': 'text/plain; charset=utf-8', title: `FortFail ${headerText(alarm.hostname)}: ${alarm.kind}`, tags: 'warning' }
    : { 'content-type': 'application/json' };
  const timer = new AbortController();
  const patience = clock.sleep(patienceMs, timer.signal).then(
    () => timer.abort(),
    () => undefined,
  );
  try {
    const answer = await fetch(addressOf(channel), {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, timer.signal]),
    });
    await answer.body?.cancel();
    return answer.ok;
  } finally {
    timer.abort();
    await patience;
  }
}

function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
