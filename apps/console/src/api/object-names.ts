import type { ObjectReference } from '../view/object-address.ts';
import { useRouteQuery } from './queries.ts';

/** What plans and hosts are called, by their ids; undefined for anything else. */
export const useObjectName = (): ((object: ObjectReference) => string | undefined) => {
  const plans = useRouteQuery('overview').data?.plans ?? [];
  const agents = useRouteQuery('listAgents').data?.items ?? [];
  return ({ kind, id }) =>
    kind === 'plan'
      ? plans.find(({ plan }) => plan.id === id)?.plan.name
      : kind === 'agent'
        ? agents.find((agent) => agent.id === id)?.hostname
        : undefined;
};
