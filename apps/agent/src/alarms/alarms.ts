import { appendFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@fortfail/base';
import { errnoOf } from '../durable-file.ts';
import type { OutgoingFrame } from '../link/agent-link.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { AlarmPost } from './alarm-channels.ts';

export type AlarmKind =
  | 'order-refused'
  | 'order-forged'
  | 'consent-needed'
  | 'policy-changed'
  | 'policy-unreadable'
  | 'plan-shrunk'
  | 'plans-forged'
  | 'self-run'
  | 'witness-differs'
  | 'machine-changed'
  | 'roster-refused';

export interface AlarmsParts {
  readonly agentFolder: string;
  readonly hostname: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sends at once what the outbox keeps; false without a connection. */
  readonly send: (frame: OutgoingFrame) => boolean;
  /** The host's own way to call for help. */
  readonly post: AlarmPost;
}

/** Alarms of one kind within this time are counted, not told one by one: whoever may send orders may send many. */
const quietMs = 60_000;
const mostLogBytes = 10 * 1024 * 1024;
const longestSentence = 2000;

/**
 * What this host's owner should know of. Each goes into the agent's own record `<data>/agent/audit.log`, to the
 * orchestrator through the outbox, and out by the channels of the host's policy, which need no orchestrator.
 */
export class Alarms {
  readonly #parts: AlarmsParts;
  readonly #recent = new Map<AlarmKind, { readonly sinceMs: number; more: number }>();

  constructor(parts: AlarmsParts) {
    this.#parts = parts;
  }

  /** Never throws: an alarm that cannot be told must not stop what it is about. */
  async raise(kind: AlarmKind, sentence: string, jobId: string | null = null): Promise<void> {
    const { clock, logger, outbox, send, post, hostname } = this.#parts;
    const nowMs = clock.monotonicMs();
    const recent = this.#recent.get(kind);
    if (recent !== undefined && nowMs - recent.sinceMs < quietMs) {
      recent.more += 1;
      return;
    }
    this.#recent.set(kind, { sinceMs: nowMs, more: 0 });
    const more = recent === undefined || recent.more === 0 ? '' : ` (${recent.more} more like it before)`;
    const alarm = { kind, at: clock.now().toISOString(), sentence: `${sentence.slice(0, longestSentence)}${more}`, jobId };
    logger.warn({ component: 'alarms', ...alarm }, 'alarm');
    try {
      await this.#record(alarm);
      send(await outbox.add({ type: 'alarm', ...alarm }));
    } catch (err) {
      logger.error({ component: 'alarms', err }, 'alarm not kept');
    }
    post({ ...alarm, hostname });
  }

  async #record(alarm: object): Promise<void> {
    const path = join(this.#parts.agentFolder, 'audit.log');
    const size = await stat(path).then(
      (found) => found.size,
      (error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return 0;
        throw error;
      },
    );
    if (size > mostLogBytes) await rename(path, `${path}.1`);
    await appendFile(path, `${JSON.stringify(alarm)}\n`, { mode: 0o600, flush: true });
  }
}
