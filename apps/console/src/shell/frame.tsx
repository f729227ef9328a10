import { lazy, type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { Redirect, useLocation } from 'wouter';
import { CallError } from '../api/call.ts';
import { switchTheme } from '../api/preferences.ts';
import { useRouteQuery } from '../api/queries.ts';
import { live, useFreshness } from '../api/session.ts';
import { ErrorNote } from '../ui/states.tsx';
import { Bar, StaleBanner } from './bar.tsx';
import { BottomBar, Navigation } from './navigation.tsx';
import type { Order } from './order-dialog.tsx';
import { PageContext, type PageFacts } from './page.tsx';
import { Toaster } from './toaster.tsx';
import { useShortcuts } from './use-shortcuts.ts';

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));
const KeyHelp = lazy(async () => ({ default: (await import('./key-help.tsx')).KeyHelp }));
const AccountDialog = lazy(async () => ({ default: (await import('./account-dialog.tsx')).AccountDialog }));
const OrderDialog = lazy(async () => ({ default: (await import('./order-dialog.tsx')).OrderDialog }));
const MoreDialog = lazy(async () => ({ default: (await import('./more-dialog.tsx')).MoreDialog }));

type Overlay =
  | { kind: 'palette' }
  | { kind: 'help' }
  | { kind: 'more' }
  | { kind: 'account' }
  | { kind: 'order'; order: Order }
  | undefined;

/** Moves the focus to the new page, so that a reader begins there; not on the first one, where nothing was left. */
const useFocusOnNewPage = (): React.RefObject<HTMLElement | null> => {
  const main = useRef<HTMLElement>(null);
  const [location] = useLocation();
  const last = useRef(location);
  useEffect(() => {
    if (last.current === location) return;
    last.current = location;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [location]);
  return main;
};

/** The frame of every page for somebody who is signed in; anybody else is led to the sign-in. */
export const Frame = ({ children }: { readonly children: ReactNode }) => {
  const me = useRouteQuery('me');
  const [location] = useLocation();
  const { state } = useFreshness();
  const [facts, setFacts] = useState<PageFacts>({ title: 'FortFail', crumbs: [] });
  const [overlay, setOverlay] = useState<Overlay>();
  const main = useFocusOnNewPage();
  const close = useCallback(() => setOverlay(undefined), []);
  const order = (verb: Order['verb']) => (target: Order['target']) => setOverlay({ kind: 'order', order: { verb, target } });
  const isIn = me.data !== undefined;
  useEffect(() => {
    if (!isIn) return;
    live.start();
    return () => live.stop();
  }, [isIn]);
  useShortcuts({
    openPalette: () => setOverlay({ kind: 'palette' }),
    openHelp: () => setOverlay({ kind: 'help' }),
    backUp: order('backUp'),
    drill: order('drillPlan'),
    pagePlan: () => facts.plan,
  });
  const isOut = me.error instanceof CallError && (me.error.status === 401 || me.error.problem?.code === 'not-set-up');
  if (isOut) return <Redirect to={`/sign-in?to=${encodeURIComponent(location + window.location.search)}`} replace />;
  return (
    <PageContext value={setFacts}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className={state === 'stale' ? 'app stale' : 'app'}>
        <Navigation me={me.data} />
        <div className="stage">
          <Bar
            crumbs={facts.crumbs}
            name={me.data?.name}
            onFind={() => setOverlay({ kind: 'palette' })}
            onAccount={() => setOverlay({ kind: 'account' })}
          />
          <StaleBanner />
          <main id="main" ref={main} tabIndex={-1}>
            {me.error && !me.data ? (
              <>
                <h1>The orchestrator cannot be read</h1>
                <ErrorNote
                  title="Nothing could be read."
                  error={me.error}
                  works="Jobs under way go on."
                  onRetry={() => void me.refetch()}
                />
              </>
            ) : (
              isIn && children
            )}
          </main>
        </div>
        <BottomBar onMore={() => setOverlay({ kind: 'more' })} />
      </div>
      <Toaster />
      <Suspense>
        {overlay?.kind === 'palette' && (
          <Palette
            onClose={close}
            onBackUp={order('backUp')}
            onDrill={order('drillPlan')}
            onTheme={switchTheme}
            onHelp={() => setOverlay({ kind: 'help' })}
          />
        )}
        {overlay?.kind === 'help' && <KeyHelp onClose={close} />}
        {overlay?.kind === 'more' && <MoreDialog me={me.data} onClose={close} onHelp={() => setOverlay({ kind: 'help' })} />}
        {overlay?.kind === 'account' && me.data && <AccountDialog me={me.data} onClose={close} />}
        {overlay?.kind === 'order' && <OrderDialog order={overlay.order} onClose={close} />}
      </Suspense>
    </PageContext>
  );
};
