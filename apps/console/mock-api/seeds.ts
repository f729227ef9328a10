import type { Grade } from '@fortfail/protocol';

/** One imagined plan: what the fixture says of it, in minutes and seconds before now. */
export interface Seed {
  readonly name: string;
  readonly path: string | null;
  readonly host: 0 | 1;
  readonly cron: string;
  /** Minutes between slots. */
  readonly every: number;
  readonly ageMinutes: number | null;
  readonly rpoMinutes: number;
  readonly grade: Grade;
  readonly drill: { readonly seconds: number; readonly daysAgo: number; readonly failed?: true } | null;
  readonly rtoMinutes: number;
  readonly enabled?: false;
  readonly silent?: true;
  /** Days back with something to see. */
  readonly bad?: Readonly<Record<number, 'partial' | 'failed' | 'missed'>>;
}

const seed = (given: Omit<Seed, 'host'> & Partial<Pick<Seed, 'host'>>): Seed => ({ host: 0, ...given });

/** Thirteen plans, in every state a plan can be in. */
export const seeds: readonly Seed[] = [
  seed({
    name: 'billing-exports',
    path: '/srv/billing/exports',
    cron: '0 * * * *',
    every: 60,
    ageMinutes: 552,
    rpoMinutes: 60,
    grade: 'drilled',
    drill: { seconds: 1080, daysAgo: 4 },
    rtoMinutes: 30,
    bad: { 29: 'partial', 0: 'failed' },
  }),
  seed({
    name: 'media-library',
    path: '/srv/media',
    cron: '30 2 * * *',
    every: 1440,
    ageMinutes: 431,
    rpoMinutes: 1440,
    grade: 'drilled',
    drill: { seconds: 20_880, daysAgo: 2 },
    rtoMinutes: 240,
  }),
  seed({
    name: 'mail-store',
    path: '/var/vmail',
    cron: '0 */4 * * *',
    every: 240,
    ageMinutes: 101,
    rpoMinutes: 240,
    grade: 'checked',
    drill: { seconds: 0, daysAgo: 1, failed: true },
    rtoMinutes: 120,
    bad: { 1: 'partial' },
  }),
  seed({
    name: 'wiki-pages',
    path: '/srv/www/wiki',
    cron: '49 */2 * * *',
    every: 120,
    ageMinutes: 52,
    rpoMinutes: 60,
    grade: 'drilled',
    drill: { seconds: 341, daysAgo: 6 },
    rtoMinutes: 20,
    bad: { 23: 'partial', 12: 'missed', 7: 'failed' },
  }),
  seed({
    name: 'lab-configs',
    path: '/etc/lab',
    host: 1,
    cron: '0 6 * * *',
    every: 1440,
    ageMinutes: 300,
    rpoMinutes: 1440,
    grade: 'complete',
    drill: { seconds: 402, daysAgo: 9 },
    rtoMinutes: 60,
    silent: true,
    bad: { 8: 'missed' },
  }),
  seed({
    name: 'photo-inbox',
    path: '/home/mara/photos',
    cron: '0 3 * * *',
    every: 1440,
    ageMinutes: 388,
    rpoMinutes: 1440,
    grade: 'complete',
    drill: null,
    rtoMinutes: 60,
  }),
  seed({
    name: 'ci-artifacts',
    path: '/var/lib/ci',
    cron: '0 5 * * *',
    every: 1440,
    ageMinutes: 300,
    rpoMinutes: 1440,
    grade: 'drilled',
    drill: { seconds: 2100, daysAgo: 12 },
    rtoMinutes: 240,
    enabled: false,
  }),
  seed({
    name: 'shop-uploads',
    path: '/srv/shop/uploads',
    cron: '30 * * * *',
    every: 60,
    ageMinutes: 11,
    rpoMinutes: 60,
    grade: 'drilled',
    drill: { seconds: 3180, daysAgo: 3 },
    rtoMinutes: 90,
  }),
  seed({
    name: 'git-repos',
    path: '/srv/git',
    cron: '20 * * * *',
    every: 60,
    ageMinutes: 22,
    rpoMinutes: 60,
    grade: 'drilled',
    drill: { seconds: 840, daysAgo: 2 },
    rtoMinutes: 60,
  }),
  seed({
    name: 'web-certs',
    path: '/etc/letsencrypt',
    cron: '0 */4 * * *',
    every: 240,
    ageMinutes: 101,
    rpoMinutes: 240,
    grade: 'drilled',
    drill: { seconds: 21.4, daysAgo: 4 },
    rtoMinutes: 10,
  }),
  seed({
    name: 'home-dirs',
    path: '/home',
    cron: '10 */4 * * *',
    every: 240,
    ageMinutes: 92,
    rpoMinutes: 240,
    grade: 'drilled',
    drill: { seconds: 7440, daysAgo: 5 },
    rtoMinutes: 240,
    bad: { 17: 'partial' },
  }),
  seed({
    name: 'usr-share-doc',
    path: '/usr/share/doc',
    cron: '5 * * * *',
    every: 60,
    ageMinutes: 36,
    rpoMinutes: 120,
    grade: 'drilled',
    drill: { seconds: 1.92, daysAgo: 1 },
    rtoMinutes: 30,
  }),
  seed({
    name: 'fortfail-itself',
    path: null,
    cron: '50 * * * *',
    every: 60,
    ageMinutes: 9,
    rpoMinutes: 120,
    grade: 'drilled',
    drill: { seconds: 0.84, daysAgo: 1 },
    rtoMinutes: 15,
  }),
];
