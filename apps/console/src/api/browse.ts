import type { FileListing, FilePreview, FileVersions, FoundFiles, RestorePoint, RouteBody, SealedAnswer } from '@fortfail/protocol';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { CallError, call } from './call.ts';
import { queryClient, useRouteQuery } from './queries.ts';
import { serverClock } from './server-clock.ts';

export type Question = RouteBody<'browse'>['question'];
type Ask<K extends Question['ask']> = Extract<Question, { ask: K }>;
export type Listing = Omit<FileListing, 'restorePointId'>;
type Approval = NonNullable<RouteBody<'browse'>['session']['approval']>;

interface Looks {
  readonly list: Listing;
  readonly find: FoundFiles;
  readonly preview: FilePreview;
  readonly versions: FileVersions;
}

/** Whose restore points they are: the agent that has the key, and whether it is on the orchestrator's own machine. */
export interface Keeper {
  readonly agentId: string;
  readonly hostname: string;
  readonly isResident: boolean;
}

/** What seals and opens is large, and only loaded once a host answers sealed. */
const seal = (): Promise<typeof import('./browse-seal.ts')> => import('./browse-seal.ts');

interface Approved {
  readonly approval: Approval;
  /** Milliseconds since 1970 by the server's clock. */
  readonly until: number;
}
let approvals: ReadonlyMap<string, Approved> = new Map();
const listeners = new Set<() => void>();
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const approvedOf = (agentId: string): Approved | undefined => {
  const approved = approvals.get(agentId);
  return approved && approved.until > serverClock.now() ? approved : undefined;
};

/** Until when this tab may look into the points of that host, in ms by the server's clock; undefined when it was not approved. */
export const useApprovedUntil = (agentId: string | undefined): number | undefined =>
  useSyncExternalStore(subscribe, () => (agentId === undefined ? undefined : approvals.get(agentId)?.until));

/** One touch of a passkey lets this tab look into the restore points of one host for a quarter of an hour. */
export const approveLooking = async (keeper: Keeper): Promise<void> => {
  const { approveByPasskey } = await seal();
  const approved = await approveByPasskey(keeper.agentId, serverClock.now());
  approvals = new Map([...approvals, [keeper.agentId, approved]]);
  for (const listener of listeners) listener();
  await queryClient.invalidateQueries({ queryKey: ['browse'] });
};

/** The server answers four questions of a person at once; other tabs may want to ask as well. */
const LANES = 3;
let busy = 0;
const waiting: (() => void)[] = [];
const inLane = async <T>(work: () => Promise<T>): Promise<T> => {
  if (busy >= LANES) await new Promise<void>((resolve) => waiting.push(resolve));
  else busy += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  }
};

/** Whether a refusal says that somebody has to approve this tab first. */
export const needsApproval = (error: unknown): error is CallError =>
  error instanceof CallError && /^(approval|passkey|signature)-/.test(error.problem?.code ?? '');

const asked = (pointId: string, question: Question, recipient: string, keeper: Keeper, signal: AbortSignal | undefined) =>
  inLane(
    (): Promise<SealedAnswer> =>
      call('browse', {
        path: { restorePointId: pointId },
        body: { question, session: { recipient, approval: approvedOf(keeper.agentId)?.approval ?? null } },
        ...(signal ? { signal } : {}),
      }),
  );

/**
 * Looks into a restore point. Another host's answer comes sealed to a key that this tab made and keeps in memory, and is
 * opened here. Throws `CallError`; `needsApproval` tells the one that a touch of a passkey resolves.
 */
export const look = async <K extends Question['ask']>(
  keeper: Keeper,
  pointId: string,
  question: Ask<K>,
  signal?: AbortSignal,
): Promise<Looks[K]> => {
  let recipient = keeper.isResident ? '' : (await (await seal()).tabKey()).recipient;
  let answer: SealedAnswer;
  try {
    answer = await asked(pointId, question, recipient, keeper, signal);
  } catch (error) {
    // A host may want a seal although it is near: then with a key, so that its hint can name it.
    if (recipient !== '' || !needsApproval(error)) throw error;
    recipient = (await (await seal()).tabKey()).recipient;
    answer = await asked(pointId, question, recipient, keeper, signal);
  }
  const value = answer.form === 'open' ? answer.value : await (await seal()).openAnswer(answer.age, question);
  return value as Looks[K];
};

const retry = (failures: number, error: unknown): boolean =>
  failures < 3 && error instanceof CallError && (error.status === 429 || (error.status === 0 && failures < 1));
const key = (keeper: Keeper | undefined, pointId: string, question: Question) =>
  ['browse', keeper?.agentId ?? null, pointId, question] as const;

/** The query of one look. Points never change, so what was seen stays as long as it is kept. */
export const lookQuery = <K extends Exclude<Question['ask'], 'list'>>(keeper: Keeper | undefined, pointId: string, question: Ask<K>) =>
  queryOptions({
    queryKey: key(keeper, pointId, question),
    enabled: keeper !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry,
    retryDelay: 1000,
    queryFn: ({ signal }): Promise<Looks[K]> => {
      if (keeper === undefined) throw new CallError(0, 'It is not known which agent has the key.');
      return look(keeper, pointId, question, signal);
    },
  });

/** Entries of one page of a folder. */
const PAGE = 200;

/** One folder of a point, page by page. */
export const folderQuery = (keeper: Keeper | undefined, pointId: string, path: string) =>
  infiniteQueryOptions({
    queryKey: key(keeper, pointId, { ask: 'list', path }),
    enabled: keeper !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry,
    retryDelay: 1000,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }): Promise<Listing> => {
      if (keeper === undefined) throw new CallError(0, 'It is not known which agent has the key.');
      return look<'list'>(keeper, pointId, { ask: 'list', path, cursor: pageParam, limit: PAGE }, signal);
    },
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });

/** Which agent has the key of a point's repository; undefined until it is known. Who may not see it gets an answer all the same. */
export const useKeeper = (point: Pick<RestorePoint, 'repositoryId' | 'hostname'> | undefined): Keeper | undefined => {
  const repositories = useRouteQuery('listRepositories');
  const agents = useRouteQuery('listAgents');
  if (point === undefined || repositories.isPending || agents.isPending) return undefined;
  const agentId = repositories.data?.items.find(({ id }) => id === point.repositoryId)?.agentId ?? '';
  const agent = agents.data?.items.find(({ id }) => id === agentId);
  return { agentId, hostname: agent?.hostname ?? point.hostname, isResident: agent === undefined || agent.kind === 'resident' };
};
