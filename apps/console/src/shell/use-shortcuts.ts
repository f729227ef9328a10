import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { preferences, switchTheme, switchZone } from '../api/preferences.ts';
import { browserNow } from '../render/clock.ts';

/** What the letters b, d and r are about: the row in focus, else the page's plan. */
export interface KeyTarget {
  readonly id: string;
  readonly name: string;
}

export interface ShortcutActions {
  readonly openPalette: () => void;
  readonly openHelp: () => void;
  readonly backUp: (target: KeyTarget) => void;
  readonly drill: (target: KeyTarget) => void;
  readonly pagePlan: () => KeyTarget | undefined;
}

const pages: Readonly<Record<string, string>> = {
  o: '/',
  d: '/drills',
  p: '/plans',
  r: '/points',
  j: '/jobs',
  e: '/restores',
  a: '/agents',
  l: '/alerts',
  u: '/audit',
  k: '/kit',
};
const GO_MS = 1500;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(target.type));

const isShown = (element: HTMLElement): boolean => element.getClientRects().length > 0;

const moveRow = (step: 1 | -1): void => {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')].filter(isShown);
  if (rows.length === 0) return;
  const active = document.activeElement;
  const at = rows.findIndex((row) => row === active || (active !== null && (row.closest('tr, li')?.contains(active) ?? false)));
  const next = at === -1 ? (step === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[next]?.focus();
};

const rowPlan = (): KeyTarget | undefined => {
  const row = document.activeElement?.closest<HTMLElement>('[data-plan-id]');
  const { planId, planName } = row?.dataset ?? {};
  return planId && planName ? { id: planId, name: planName } : undefined;
};

/** The keyboard of the console. Letters rest in inputs, in dialogs, and when they are switched off. */
export const useShortcuts = (actions: ShortcutActions): void => {
  const [, navigate] = useLocation();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let goSince = 0;
    const letter = (key: string): boolean => {
      const { openHelp, backUp, drill, pagePlan } = latest.current;
      const target = rowPlan() ?? pagePlan();
      if (browserNow() - goSince < GO_MS) {
        goSince = 0;
        const page = pages[key];
        if (page) navigate(page);
        return page !== undefined;
      }
      if (key === 'g') goSince = browserNow();
      else if (key === 'j') moveRow(1);
      else if (key === 'k') moveRow(-1);
      else if (key === 't') switchTheme();
      else if (key === 'z') switchZone();
      else if (key === '?') openHelp();
      else if (key === '/') document.querySelector<HTMLElement>('main [data-search]')?.focus();
      else if (key === 'b' && target) backUp(target);
      else if (key === 'd' && target) drill(target);
      else if (key === 'r' && target) navigate(`/restores/new?plan=${encodeURIComponent(target.id)}`);
      else return false;
      return true;
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey) {
        event.preventDefault();
        latest.current.openPalette();
        return;
      }
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !preferences().letters) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      if (letter(event.key)) event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [navigate]);
};
