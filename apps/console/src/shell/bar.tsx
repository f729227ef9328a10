import { Fragment } from 'react';
import { Link } from 'wouter';
import { switchTheme, switchZone, useZone } from '../api/preferences.ts';
import { useNow } from '../api/server-clock.ts';
import { live, useFreshness } from '../api/session.ts';
import { duration } from '../format/duration.ts';
import { clockText, momentText } from '../format/moment.ts';
import { Button } from '../ui/button.tsx';
import { Icon, Logo } from '../ui/icon.tsx';
import { Glyph } from '../ui/status.tsx';
import { KitMark } from './kit-mark.tsx';
import type { Crumb } from './page.tsx';

/** How old what one sees is. Spoken only when it changes between live and stale, not with every second. */
const FreshnessMark = () => {
  const { state, asOf } = useFreshness();
  const now = useNow();
  const zone = useZone();
  const stale = asOf === null ? 'Stale' : `Stale since ${clockText(asOf, zone, true)}`;
  const age = asOf === null ? '' : `, ${Math.max(0, Math.round((now - asOf) / 1000))} s ago`;
  return (
    <span className={`fresh ${state}`}>
      <i />
      <span aria-hidden="true">{state === 'stale' ? stale : state === 'live' ? `Live${age}` : 'Connecting'}</span>
      <span className="vh" role="status">
        {state === 'stale' ? stale : state === 'live' ? 'Live' : ''}
      </span>
    </span>
  );
};

const zoneName = (zone: string): string => zone.split('/').at(-1)?.replaceAll('_', ' ') ?? zone;

const Clock = () => {
  const zone = useZone();
  const now = useNow();
  return (
    <button
      type="button"
      className="clock"
      onClick={switchZone}
      title={`Times are shown in ${zone}. Click for ${zone === 'UTC' ? 'this browser’s zone' : 'UTC'}.`}
    >
      {clockText(now, zone, true)} {zoneName(zone)}
    </button>
  );
};

interface BarProps {
  readonly crumbs: readonly Crumb[];
  /** Who is signed in. */
  readonly name: string | undefined;
  readonly onFind: () => void;
  readonly onAccount: () => void;
}

/** The bar above each page: where one is, find or do, freshness, time, theme, account. */
export const Bar = ({ crumbs, name, onFind, onAccount }: BarProps) => (
  <header className="bar">
    <span className="bar-logo">
      <Logo />
    </span>
    <div className="crumb">
      {crumbs.map(({ label, href }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the way to a page may name two steps alike.
        <Fragment key={`${index} ${label}`}>
          {index > 0 && <span aria-hidden="true">/</span>}
          {index === crumbs.length - 1 ? <b className="el">{label}</b> : href ? <Link href={href}>{label}</Link> : <span>{label}</span>}
        </Fragment>
      ))}
    </div>
    <span className="sp" />
    <button className="find" type="button" onClick={onFind} aria-label="Find or do" aria-keyshortcuts="Control+K Meta+K">
      <Icon name="search" />
      <span>Find or do</span>
      <kbd>Ctrl K</kbd>
    </button>
    <KitMark />
    <FreshnessMark />
    <Clock />
    <button className="ib" type="button" aria-label="Switch theme" title="Switch theme (t)" onClick={switchTheme}>
      <Icon name="theme" />
    </button>
    {name !== undefined && (
      <button className="ib" type="button" aria-label={`Account of ${name}`} title={`Account of ${name}`} onClick={onAccount}>
        <Icon name="person" />
      </button>
    )}
  </header>
);

/** Says that everything below is old, while it is. */
export const StaleBanner = () => {
  const { state, asOf } = useFreshness();
  const now = useNow();
  const zone = useZone();
  if (state !== 'stale') return null;
  const seen = asOf ?? now;
  return (
    <div className="banner risk" role="alert">
      <Glyph tone="risk" />
      <div>
        <b>You see {clockText(seen, zone, true)}.</b>{' '}
        <span aria-hidden="true">The orchestrator has not answered for {duration((now - seen) / 1000)}. </span>
        <span>
          Ages keep counting; nothing below is newer than {momentText(seen, zone, now)}. Jobs under way go on; if the orchestrator is down,
          due ones wait for it.
        </span>
      </div>
      <span className="sp" />
      <Button small onClick={() => live.retryNow()}>
        Try again
      </Button>
    </div>
  );
};
