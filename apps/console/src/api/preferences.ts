import { useSyncExternalStore } from 'react';

/** What a person chose in this browser. Kept in local storage; without it the choices last as long as the page. */
export interface Preferences {
  readonly theme: 'light' | 'dark' | 'system';
  readonly zone: 'utc' | 'browser';
  /** Whether single letters act (WCAG 2.1.4 wants an off switch). */
  readonly letters: boolean;
}

const KEY = 'fortfail';
const initial: Preferences = { theme: 'system', zone: 'utc', letters: true };

const read = (): Preferences => {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const given = typeof stored === 'object' && stored !== null ? (stored as Partial<Preferences>) : {};
    return {
      theme: given.theme === 'light' || given.theme === 'dark' ? given.theme : 'system',
      zone: given.zone === 'browser' ? 'browser' : 'utc',
      letters: given.letters !== false,
    };
  } catch {
    return initial;
  }
};

let current = read();
const listeners = new Set<() => void>();

const applyTheme = (): void => {
  if (current.theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current.theme;
};

/** False where this browser keeps nothing (a private window): the choices then last as long as the page. */
const keep = (): boolean => {
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
    return true;
  } catch {
    return false;
  }
};

/** Changes some of the choices, shows them at once and keeps them. */
export const setPreferences = (change: Partial<Preferences>): void => {
  current = { ...current, ...change };
  applyTheme();
  keep();
  for (const listener of listeners) listener();
};

/** Light to dark and back, starting from what is shown now. */
export const switchTheme = (): void => {
  const isDark = current.theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : current.theme === 'dark';
  setPreferences({ theme: isDark ? 'light' : 'dark' });
};

/** UTC to the browser's zone and back. */
export const switchZone = (): void => setPreferences({ zone: current.zone === 'utc' ? 'browser' : 'utc' });

export const preferences = (): Preferences => current;

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, preferences);

/** The IANA name of the zone that moments are shown in. */
export const useZone = (): string => (usePreferences().zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone);

applyTheme();
