import type { Clock } from '@fortfail/base';
import { isFortFailError } from '@fortfail/base';
import type { OutgoingFrame } from '../link/agent-link.ts';

const everyMs = 5000;

/** What the orchestrator is to know of a host's policy. */
export interface PolicyStand {
  readonly policyDigest: string;
  readonly hasOwner: boolean;
}

export interface PolicyTellerParts {
  readonly clock: Clock;
  /** Reads the policy anew. Throws `denied` for one that cannot be used, which has its own alarm. */
  readonly read: () => Promise<PolicyStand>;
  /** False while nobody hears. */
  readonly send: (frame: OutgoingFrame) => boolean;
}

/** Tells the orchestrator within seconds that the host's policy changed: an owner named here is what the recovery kit waits for. */
export async function tellPolicy({ clock, read, send }: PolicyTellerParts, signal: AbortSignal): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    try {
      const stand = await read();
      const text = JSON.stringify(stand);
      if (text !== told && send({ type: 'policy', ...stand })) told = text;
    } catch (error) {
      if (!isFortFailError(error, 'denied')) throw error;
    }
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
}
