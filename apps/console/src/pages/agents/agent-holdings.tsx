import type { Agent, RepositoryGrant } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { size } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';
import { Answer } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { type Tone, verdictTone, verdictWord } from '../../ui/tone.ts';
import { visibleText } from '../../view/visible-text.ts';

/** Plans that run on this host. */
export const AgentPlans = ({ agent }: { readonly agent: Agent }) => {
  const query = useRouteQuery('overview');
  return (
    <Card title="Plans" flush busy={query.isPending}>
      <Answer query={query} failed="The plans could not be read." rows={2}>
        {({ plans }) => {
          const own = plans.filter(({ plan }) => plan.agentId === agent.id);
          if (own.length === 0) return <p className="in-pad sec">No plan runs here.</p>;
          return (
            <table className="t">
              <thead className="vh">
                <tr>
                  <th scope="col">Plan</th>
                  <th scope="col">Promise</th>
                </tr>
              </thead>
              <tbody>
                {own.map(({ plan, verdict }) => (
                  <tr key={plan.id} data-plan-id={plan.id} data-plan-name={plan.name}>
                    <td>
                      <Link className="m" data-row href={`/plans/${plan.id}`}>
                        {plan.name}
                      </Link>
                    </td>
                    <td className="num">
                      <Status tone={verdictTone[verdict]}>{verdictWord[verdict]}</Status>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          );
        }}
      </Answer>
    </Card>
  );
};

/** Repositories whose key this host has. */
export const AgentRepositories = ({ agent }: { readonly agent: Agent }) => {
  const query = useRouteQuery('listRepositories');
  return (
    <Card title="Repositories" note="whose key it has" busy={query.isPending}>
      <Answer query={query} failed="The repositories could not be read." rows={2}>
        {({ items }) => {
          const own = items.filter(({ agentId }) => agentId === agent.id);
          if (own.length === 0) return <p className="sec">It keeps no repository.</p>;
          return (
            <dl className="kv">
              {own.map((repository) => (
                <div key={repository.id} className="fact">
                  <dt>{repository.name}</dt>
                  <dd>
                    <code>{visibleText(repository.location)}</code>
                    {repository.storedBytes !== null && <span className="sec">, {size(repository.storedBytes)}</span>}
                  </dd>
                </div>
              ))}
            </dl>
          );
        }}
      </Answer>
    </Card>
  );
};

const grantTone: Readonly<Record<RepositoryGrant['status'], Tone>> = {
  asked: 'wait',
  sealed: 'run',
  accepted: 'safe',
  refused: 'lost',
  removed: 'stopped',
};

/** Key slots that this host gave or got. */
export const AgentGrants = ({ agent }: { readonly agent: Agent }) => {
  const query = useRouteQuery('listGrants');
  const agents = useRouteQuery('listAgents').data?.items ?? [];
  const nameOf = (id: string): string => visibleText(agents.find((each) => each.id === id)?.hostname ?? id);
  return (
    <Card title="Keys given and got" busy={query.isPending}>
      <Answer query={query} failed="The grants could not be read." rows={2}>
        {({ items }) => {
          const own = items.filter(({ fromAgentId, toAgentId }) => fromAgentId === agent.id || toAgentId === agent.id);
          if (own.length === 0) return <p className="sec">No other host opens its repositories, and it opens none of theirs.</p>;
          return (
            <ul className="col">
              {own.map((grant) => (
                <li key={grant.id}>
                  <div className="row wrap">
                    <Status tone={grantTone[grant.status]}>{grant.status}</Status>
                    <span>
                      {grant.repositoryName} of {nameOf(grant.fromAgentId)}, for {nameOf(grant.toAgentId)}
                    </span>
                  </div>
                  <p className="xs sec">{visibleText(grant.sentence)}</p>
                </li>
              ))}
            </ul>
          );
        }}
      </Answer>
    </Card>
  );
};
