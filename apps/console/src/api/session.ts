import type { Action, Role } from '@fortfail/protocol';
import { useSyncExternalStore } from 'react';
import { after } from '../render/clock.ts';
import { type ChangedEvent, type Freshness, LiveEvents } from './live.ts';
import { invalidateFor, queryClient, useRouteQuery } from './queries.ts';

let held: readonly ChangedEvent[] = [];
let isWaiting = false;

const readAgain = (events: readonly ChangedEvent[]): void => {
  held = invalidateFor(queryClient, [...held, ...events]);
  if (held.length === 0 || isWaiting) return;
  isWaiting = true;
  after(500, () => {
    isWaiting = false;
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

/** Which roles carry a verb. The server decides; this only tells the reason before somebody clicks. */
const carriers = {
  run: ['operator', 'admin'],
  drill: ['operator', 'restorer', 'admin'],
  restore: ['restorer', 'admin'],
  'see-file-names': ['restorer', 'admin'],
  forget: ['admin'],
  grant: ['admin'],
  enrol: ['admin'],
  acknowledge: ['operator', 'admin'],
  'edit-kit': ['admin'],
  'edit-person': ['admin'],
} as const satisfies Partial<Record<Action, readonly Role[]>>;

/** Why this verb cannot be used now; undefined when it can. */
export const useVerbStop = (action: keyof typeof carriers): string | undefined => {
  const { state } = useFreshness();
  const roles = useRouteQuery('me').data?.roles;
  if (state === 'stale') return 'The orchestrator does not answer, so nothing can be ordered now.';
  const needed: readonly Role[] = carriers[action];
  if (roles && !roles.some((role) => needed.includes(role)))
    return `This needs the role ${needed.filter((role) => role !== 'admin').join(' or ') || 'admin'}.`;
  return undefined;
};
