import type { Agent, RepositoryGrant, RestorePoint } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { call } from '../../api/call.ts';
import { queryClient, routeQuery, useRouteQuery } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';

const grantsQuery = { query: { limit: 200 } } as const;

/** The newest key slot that a host was given, or asked for, in a point's repository; undefined without one or until it is known. */
export const useGrant = (repositoryId: string, agentId: string): RepositoryGrant | undefined =>
  useRouteQuery('listGrants', grantsQuery, agentId !== '').data?.items.find(
    (grant) =>
      grant.repositoryId === repositoryId && grant.toAgentId === agentId && grant.status !== 'removed' && grant.status !== 'refused',
  );

/** Why a restore onto that host cannot be worked out yet; undefined when it can. */
export const grantStop = (hostname: string, grant: RepositoryGrant | undefined): string | undefined =>
  grant?.status === 'accepted' ? undefined : `${hostname} has no key of this repository yet.`;

const Key = ({ point, host }: { readonly point: RestorePoint; readonly host: Agent }) => {
  const grant = useGrant(point.repositoryId, host.id);
  const repository = useRouteQuery('listRepositories').data?.items.find(({ id }) => id === point.repositoryId)?.name ?? point.repositoryId;
  const stop = useVerbStop('grant');
  const ask = useMutation({
    mutationFn: () => call('createGrant', { body: { repositoryId: point.repositoryId, toAgentId: host.id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: routeQuery('listGrants', grantsQuery).queryKey }),
  });
  if (grant?.status === 'accepted') return <Status tone="safe">{host.hostname} has a key of it</Status>;
  return (
    <div className="col">
      <Status tone="wait">{grant ? 'Asked for' : 'Not yet'}</Status>
      {grant && <p className="xs sec">{grant.sentence}</p>}
      <p className="xs sec">
        With an SSH key of the roster: <code className="wrap-any">{`fortfail repo grant ${repository} --to ${host.id}`}</code>
      </p>
      {!grant && (
        <span>
          <Button small stop={stop ?? (ask.isPending ? 'It is being asked for.' : undefined)} onClick={() => ask.mutate()}>
            Ask {point.hostname} for a key…
          </Button>
        </span>
      )}
      {ask.error && <ErrorNote title="No key was asked for." error={ask.error} works="Nothing was handed over." />}
    </div>
  );
};

/** What has to happen before files of one host may lie on another: told before anything is asked. */
export const HostNeeds = ({ point, host }: { readonly point: RestorePoint; readonly host: Agent }) => (
  <section className="needs" aria-label={`What ${host.hostname} needs`}>
    <h3>What {host.hostname} needs</h3>
    <ol>
      <li>
        <b className="m">A key of the repository.</b> <span className="xs sec">Who has it can read all of its points.</span>
        <Key point={point} host={host} />
      </li>
      <li>
        <b className="m">A yes on {host.hostname}.</b>{' '}
        <span className="xs sec">
          Data crosses hosts, so this page alone is not enough: somebody types six words there, or signs the proposal with an SSH key of the
          roster. The words come with the proposal.
        </span>
      </li>
    </ol>
  </section>
);
