import { useSyncExternalStore } from 'react';

/** What just happened, and at most one verb. */
export interface Toast {
  readonly id: number;
  readonly tone: 'safe' | 'run' | 'lost';
  readonly title: string;
  readonly detail?: string;
  readonly link?: { readonly label: string; readonly href: string };
}

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();
const set = (next: readonly Toast[]): void => {
  toasts = next;
  for (const listener of listeners) listener();
};

/** Shows a toast; the three newest stay. */
export const toast = (given: Omit<Toast, 'id'>): void => {
  lastId += 1;
  set([...toasts, { ...given, id: lastId }].slice(-3));
};

export const dismissToast = (id: number): void => set(toasts.filter((each) => each.id !== id));

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useToasts = (): readonly Toast[] => useSyncExternalStore(subscribe, () => toasts);
