import { useSyncExternalStore } from 'react';
import { after } from '../render/clock.ts';
import { type ChangedEvent, type Freshness, LiveEvents } from './live.ts';
import { invalidateFor, queryClient } from './queries.ts';

let held: readonly ChangedEvent[] = [];
let cancelHeld: (() => void) | undefined;

const readAgain = (events: readonly ChangedEvent[]): void => {
  held = invalidateFor(queryClient, [...held, ...events]);
  if (held.length === 0) return;
  cancelHeld ??= after(500, () => {
    cancelHeld = undefined;
    readAgain([]);
  });
};

/** The stream of this page, wired to the cache of answers. Started once somebody is signed in. */
export const live = new LiveEvents({
  changed: readAgain,
  reset: () => void queryClient.invalidateQueries(),
  refused: () => void queryClient.invalidateQueries({ queryKey: ['me'] }),
});

export const useFreshness = (): Freshness => useSyncExternalStore(live.subscribe, live.freshness);

/** Why nothing can be changed now; undefined when it can. */
export const useWriteStop = (): string | undefined =>
  useFreshness().state === 'stale' ? 'The orchestrator does not answer, so nothing can be ordered now.' : undefined;
