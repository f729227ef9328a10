import type { Me } from '@fortfail/protocol';
import { Link, useLocation } from 'wouter';
import { useRouteQuery } from '../api/queries.ts';
import { count } from '../format/quantity.ts';
import { Icon, type IconName, Logo } from '../ui/icon.tsx';
import { heardOf } from '../view/agent-views.ts';
import { kitWarning } from '../view/kit-views.ts';

interface Item {
  readonly icon: IconName;
  readonly label: string;
  readonly href: string;
}

/** Why one comes, and the pages for it. */
export const menu: readonly { readonly group: string; readonly items: readonly Item[] }[] = [
  {
    group: 'Prove',
    items: [
      { icon: 'overview', label: 'Overview', href: '/' },
      { icon: 'drills', label: 'Drills', href: '/drills' },
    ],
  },
  {
    group: 'Protect',
    items: [
      { icon: 'plans', label: 'Plans', href: '/plans' },
      { icon: 'points', label: 'Restore points', href: '/points' },
    ],
  },
  {
    group: 'Operate',
    items: [
      { icon: 'agents', label: 'Agents', href: '/agents' },
      { icon: 'restores', label: 'Restores', href: '/restores' },
      { icon: 'jobs', label: 'Jobs', href: '/jobs' },
      { icon: 'alerts', label: 'Alerts', href: '/alerts' },
    ],
  },
  {
    group: 'Trust',
    items: [
      { icon: 'audit', label: 'Audit', href: '/audit' },
      { icon: 'kit', label: 'Recovery kit', href: '/kit' },
      { icon: 'persons', label: 'Persons', href: '/persons' },
    ],
  },
];

const isCurrent = (href: string, location: string): boolean =>
  href === '/' ? location === '/' : location === href || location.startsWith(`${href}/`);

interface Badge {
  readonly text: string;
  /** It asks for somebody: red, and said in words. */
  readonly asks?: string | undefined;
}

const alertBadge = ({ open, unacknowledged }: { readonly open: number; readonly unacknowledged: number }): Badge | undefined =>
  open === 0
    ? undefined
    : { text: count(open), asks: unacknowledged > 0 ? `open, ${count(unacknowledged)} of them taken by nobody` : undefined };

const useCounts = (): Readonly<Record<string, Badge | undefined>> => {
  const { data } = useRouteQuery('overview');
  const agents = useRouteQuery('listAgents').data;
  const kit = useRouteQuery('getKit').data?.state;
  const warning = kitWarning(kit);
  if (!data) return {};
  const points = data.plans.reduce((sum, { points: p }) => sum + p.partial + p.complete + p.checked + p.drilled, 0);
  return {
    '/plans': { text: count(data.plans.length) },
    '/points': { text: count(points) },
    '/jobs': data.running.length > 0 ? { text: count(data.running.length) } : undefined,
    '/agents': agents && agents.nextCursor === null && agents.items.length > 0 ? { text: heardOf(agents.items) } : undefined,
    '/alerts': alertBadge(data.alerts),
    '/kit': warning === undefined ? undefined : { text: kit === 'none' ? 'none' : 'check', asks: `: ${warning.toLowerCase()}` },
  };
};

const Count = ({ badge }: { readonly badge: Badge | undefined }) =>
  badge && (
    <span className={badge.asks === undefined ? 'ct' : 'ct asks'}>
      {badge.text}
      {badge.asks !== undefined && <span className="vh"> {badge.asks}</span>}
    </span>
  );

/** The menu at the left; icons only where the window is narrower. */
export const Navigation = ({ me }: { readonly me: Me | undefined }) => {
  const [location] = useLocation();
  const { data } = useRouteQuery('overview');
  const counts = useCounts();
  return (
    <nav className="nav" aria-label="Main">
      <Link href="/" className="brand" aria-label="FortFail, overview">
        <Logo />
        <span>FortFail</span>
      </Link>
      {menu.map(({ group, items }) => (
        <ul key={group} className="nav-group" aria-label={group}>
          <li className="nav-head" aria-hidden="true">
            {group}
          </li>
          {items.map(({ icon, label, href }) => (
            <li key={href}>
              <Link href={href} title={label} aria-current={isCurrent(href, location) ? 'page' : undefined}>
                <Icon name={icon} />
                <span>{label}</span>
                <Count badge={counts[href]} />
              </Link>
            </li>
          ))}
        </ul>
      ))}
      <div className="foot">
        {me && <span className="el">{me.name}</span>}
        {data && (
          <>
            <span>
              {data.site} · {data.version}
            </span>
            <span>
              Audit {count(data.audit.seq)}{' '}
              <code>
                {data.audit.hash.slice(0, 4)}…{data.audit.hash.slice(-4)}
              </code>
            </span>
          </>
        )}
      </div>
    </nav>
  );
};

const bottom: readonly Item[] = [
  { icon: 'overview', label: 'Overview', href: '/' },
  { icon: 'plans', label: 'Plans', href: '/plans' },
  { icon: 'points', label: 'Restore', href: '/points' },
  { icon: 'jobs', label: 'Jobs', href: '/jobs' },
];

/** The bar of five at the foot of a phone. */
export const BottomBar = ({ onMore }: { readonly onMore: () => void }) => {
  const [location] = useLocation();
  return (
    <nav className="bottom" aria-label="Main">
      {bottom.map(({ icon, label, href }) => (
        <Link key={href} href={href} aria-current={isCurrent(href, location) ? 'page' : undefined}>
          <Icon name={icon} />
          {label}
        </Link>
      ))}
      <button type="button" onClick={onMore}>
        <Icon name="more" />
        More
      </button>
    </nav>
  );
};
