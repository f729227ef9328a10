import type { Me } from '@fortfail/protocol';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { call } from '../../api/call.ts';
import { switchTheme } from '../../api/preferences.ts';
import { queryClient, routeQuery, useRouteQuery } from '../../api/queries.ts';
import { Icon, Logo } from '../../ui/icon.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { takeLink, wayBack } from '../../view/sign-in-link.ts';
import { SetUpForm } from './set-up-form.tsx';
import { SignInForm } from './sign-in-form.tsx';
import './sign-in.css';

const ways: readonly { readonly name: string; readonly what: string; readonly command?: string }[] = [
  {
    name: 'One-time link',
    command: 'fortfail login-link',
    what: 'prints one, on the machine itself. Good for one use and 30 minutes. For the first day, and for the day a passkey is lost.',
  },
  { name: 'Passkey', what: 'Bound to this address, so a false page cannot use it.' },
  { name: 'Password', what: 'At least 12 characters. Kept as an argon2id hash only.' },
];

/** Exchanges the link in the address for a session, once. The link leaves the address bar before it is used. */
const useLink = (): { me: Me | undefined; error: unknown; isBusy: boolean } => {
  const [state, setState] = useState<{ me?: Me; error?: unknown; isBusy: boolean }>(() => ({ isBusy: location.hash.includes('link=') }));
  const used = useRef(false);
  useEffect(() => {
    if (used.current) return;
    used.current = true;
    const link = takeLink(location.hash);
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    if (!link) return setState({ isBusy: false });
    call('signInWithLink', { body: { link } }).then(
      (me) => setState({ me, isBusy: false }),
      (error: unknown) => setState({ error, isBusy: false }),
    );
  }, []);
  return { me: state.me, error: state.error, isBusy: state.isBusy };
};

/** The door: first start, one-time link, passkey, password. Tells nothing about plans before somebody is in. */
export const SignInPage = () => {
  const [, navigate] = useLocation();
  const state = useRouteQuery('signInState');
  const link = useLink();
  const site = state.data?.site ?? 'FortFail';
  const enter = (me?: Me): void => {
    queryClient.clear();
    if (me) queryClient.setQueryData(routeQuery('me').queryKey, me);
    navigate(wayBack(location.search), { replace: true });
  };
  useEffect(() => {
    document.title = 'Sign in · FortFail';
  }, []);
  return (
    <div className="door">
      <main className="door-form" id="main">
        <div className="col gap-5">
          <div className="door-brand">
            <Logo />
            FortFail
            <span className="sp" />
            <button className="ib" type="button" aria-label="Switch theme" onClick={switchTheme}>
              <Icon name="theme" />
            </button>
          </div>
          {link.isBusy ? (
            <>
              <h1>Opening the link</h1>
              <Skeleton rows={3} />
            </>
          ) : link.me ? (
            <SetUpForm me={link.me} onDone={() => enter()} />
          ) : (
            <SignInForm site={site} isSetUp={state.data?.setUp ?? true} linkError={link.error} onDone={enter} />
          )}
        </div>
      </main>
      <aside className="door-ways" aria-label="Three ways in">
        <div className="col gap-4">
          <h2>Three ways in</h2>
          <ol>
            {ways.map(({ name, what, command }, index) => (
              <li key={name}>
                <span className="dim mono">{index + 1}</span>
                <b className="m">{name}</b>
                <span className="sec xs">
                  {command && <code>{command}</code>} {what}
                </span>
              </li>
            ))}
          </ol>
          <dl className="kv xs">
            <dt>Site</dt>
            <dd>{site}</dd>
            <dt>Version</dt>
            <dd>{state.data?.version ?? 'unknown'}</dd>
          </dl>
          <p className="xs dim">Nothing about plans, hosts or their state is shown before sign-in.</p>
        </div>
      </aside>
    </div>
  );
};
