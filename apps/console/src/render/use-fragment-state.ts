import { useSyncExternalStore } from 'react';
import { useLocation } from 'wouter';
import { withFragment } from '../view/fragment.ts';

/** The router tells of its own changes by the first two. */
const events = ['pushState', 'replaceState', 'popstate', 'hashchange'] as const;

const subscribe = (listener: () => void): (() => void) => {
  for (const event of events) addEventListener(event, listener);
  return () => {
    for (const event of events) removeEventListener(event, listener);
  };
};

/**
 * What a view was set to, kept in the part of the address that is never sent: names of files are nobody's business but
 * the browser's and the agent's. Back undoes it, a copied address shows the same.
 */
export const useFragmentState = (): readonly [
  URLSearchParams,
  (change: Readonly<Record<string, string | readonly string[] | undefined>>, push?: boolean) => void,
] => {
  const fragment = useSyncExternalStore(subscribe, () => location.hash);
  const [, navigate] = useLocation();
  const set = (change: Readonly<Record<string, string | readonly string[] | undefined>>, push = false): void => {
    const kept = new URLSearchParams(location.hash.slice(1));
    const next: Record<string, string | readonly string[] | undefined> = {};
    for (const key of kept.keys()) next[key] = kept.getAll(key);
    navigate(withFragment(location.pathname + location.search, { ...next, ...change }), { replace: !push });
  };
  return [new URLSearchParams(fragment.slice(1)), set];
};
