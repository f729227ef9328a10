import type { RouteAnswer } from '@fortfail/protocol';
import { infiniteQueryOptions, QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { CallError, type CallInput, call } from './call.ts';
import type { ChangedEvent } from './live.ts';
import type { ConsoleRoute } from './paths.ts';
import { serverClock } from './server-clock.ts';

/** The one cache of answers. What is shown is read again when the stream says so, not on a timer. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 1 && error instanceof CallError && (error.status === 0 || error.status >= 502),
      retryDelay: 400,
    },
  },
});

/** The query of one route, to use, prefetch or invalidate. Its key begins with the route's name. */
export const routeQuery = <N extends ConsoleRoute>(name: N, input: CallInput<N> = {}) =>
  queryOptions({
    queryKey: [name, input.path ?? null, input.query ?? null] as const,
    queryFn: async ({ signal }): Promise<RouteAnswer<N>> => {
      const answer = await call(name, { ...input, signal });
      // The overview carries the server's time, so that ages are right even before the stream has opened.
      if (typeof answer === 'object' && answer !== null && 'now' in answer) serverClock.heard(String(answer.now));
      return answer;
    },
  });

/** Reads one route and keeps it fresh. */
export const useRouteQuery = <N extends ConsoleRoute>(name: N, input: CallInput<N> = {}, enabled = true) =>
  useQuery({ ...routeQuery(name, input), enabled });

type PagedRoute =
  | 'listJobs'
  | 'listRestorePoints'
  | 'listRestores'
  | 'listDrills'
  | 'listFiles'
  | 'listAlerts'
  | 'listAudit'
  | 'listAuditHeads'
  | 'listPersons'
  | 'listTokens';

/** A list that comes in pages by cursor. */
export const pagedQuery = <N extends PagedRoute>(name: N, input: CallInput<N>) =>
  infiniteQueryOptions({
    queryKey: [name, input.path ?? null, input.query ?? null, 'pages'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }): Promise<RouteAnswer<N>> => {
      const query = { ...(input.query as object | undefined), cursor: pageParam };
      return call(name, { ...input, query, signal } as CallInput<N>);
    },
    getNextPageParam: (last) => (last as { nextCursor: string | null }).nextCursor ?? undefined,
  });

const readAgain: Record<ChangedEvent['object'], readonly ConsoleRoute[]> = {
  plan: ['overview', 'listPlans', 'getPlan', 'previewRetention'],
  job: ['overview', 'listJobs', 'getJob', 'getJobLog', 'getPlan'],
  'restore-point': ['overview', 'listPlans', 'listRestorePoints', 'getRestorePoint', 'getPlan', 'previewRetention'],
  drill: ['overview', 'listDrills', 'getDrill', 'getPlan', 'getRestorePoint'],
  restore: ['listRestores', 'getRestore'],
  repository: ['overview', 'listRepositories'],
  agent: ['listAgents', 'getAgent', 'getKit'],
  alert: ['listAlerts', 'overview'],
  kit: ['getKit'],
  grant: ['listGrants'],
  slot: ['listSlots', 'getPlan', 'overview'],
};

const concerns = (event: ChangedEvent, key: readonly unknown[]): boolean => {
  if (!readAgain[event.object].includes(key[0] as ConsoleRoute)) return false;
  const named = key[1] === null ? [] : Object.values(key[1] as Record<string, string>);
  return named.length === 0 || named.includes(event.id) || (event.planId !== null && named.includes(event.planId));
};

/**
 * Reads again what these events concern. What is being read at this moment is read once more afterwards rather than
 * cut off: otherwise a storm of events would keep any answer from ever arriving. Answers the events to hold for that.
 */
export const invalidateFor = (client: QueryClient, events: readonly ChangedEvent[]): ChangedEvent[] => {
  const held = new Set<ChangedEvent>();
  for (const query of client.getQueryCache().getAll()) {
    const about = events.filter((event) => concerns(event, query.queryKey));
    if (about.length === 0) continue;
    if (query.state.fetchStatus === 'fetching') for (const event of about) held.add(event);
    else void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
  }
  return [...held];
};
