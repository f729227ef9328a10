import { type Leader, soleLeader } from './leader.ts';
import { localPresence, type Presence } from './presence.ts';
import type { Relay } from './relay.ts';
import { type SiteBus, silentBus } from './site-bus.ts';

/** This process among the orchestrator processes of its site. */
export interface Replicas extends AsyncDisposable {
  /** Drawn anew at each start. */
  readonly id: string;
  /** Names the data folder: the same over restarts, another in each process. */
  readonly home: string;
  readonly bus: SiteBus;
  readonly leader: Leader;
  readonly presence: Presence;
  /** Letters to other processes; none where there is no other. */
  readonly relay: Relay | undefined;
  /** The other processes that live, as far as known. */
  others(): readonly string[];
  /** Makes this process known to the others. Throws `unavailable`, or `conflict` when it does not fit to them. */
  begin(): Promise<void>;
  /** Keeps it known until the signal. Disposing of it takes leave of the others. */
  work(signal: AbortSignal): Promise<void>;
}

/** The one process on an embedded database. */
export function soleReplica(home: string): Replicas {
  return {
    id: 'sole',
    home,
    bus: silentBus,
    leader: soleLeader,
    presence: localPresence,
    relay: undefined,
    others: () => [],
    begin: async () => undefined,
    work: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
