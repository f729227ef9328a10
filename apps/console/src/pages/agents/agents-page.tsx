import type { Agent } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useRouteQuery } from '../../api/queries.ts';
import { count } from '../../format/quantity.ts';
import { useUrlState } from '../../render/use-url-state.ts';
import { Page } from '../../shell/page.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { Answer } from '../../ui/states.tsx';
import { useMomentText } from '../../ui/use-moment-text.ts';
import { agentsInOrder, agentsTitle, standingOf, standingWord, undecided } from '../../view/agent-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { AddHost } from './add-host.tsx';
import { Decisions } from './decision-dialog.tsx';
import { AgentStatus, HostTable } from './host-table.tsx';
import { SixWords } from './six-words.tsx';
import './agents.css';

const Undecided = ({ agents }: { readonly agents: readonly Agent[] }) => (
  <Card title="Needs a decision" note={count(agents.length)} flush>
    <ul className="decide">
      {agents.map((agent) => (
        <li key={agent.id}>
          <div className="row wrap">
            <Link className="m" href={`/agents/${agent.id}`}>
              {visibleText(agent.hostname)}
            </Link>
            <AgentStatus agent={agent} />
          </div>
          <p className="sec">
            {agent.reason === null
              ? agent.status === 'pending'
                ? 'It enrolled and waits. Approve it only if the host itself shows the same six words.'
                : 'Somebody held it.'
              : visibleText(agent.reason)}
          </p>
          {agent.words && <SixWords words={agent.words} />}
          <Decisions agent={agent} small />
        </li>
      ))}
    </ul>
  </Card>
);

const isLike = (agent: Agent, text: string): boolean =>
  [agent.hostname, agent.version, standingWord[standingOf(agent)]].some((value) => value.toLowerCase().includes(text.toLowerCase()));

/** All hosts: who is heard, who waits for a person, and how to add one. */
export const AgentsPage = () => {
  const [url, setUrl] = useUrlState();
  const momentOf = useMomentText();
  const site = useRouteQuery('overview').data?.version;
  const query = useRouteQuery('listAgents');
  const agents = agentsInOrder(query.data?.items ?? []);
  const text = url.get('q') ?? '';
  const shown = agents.filter((agent) => isLike(agent, text));
  const open = undecided(agents);
  const isAdding = url.get('add') === '1';
  return (
    <Page title="Agents" crumbs={[{ label: 'Agents' }]}>
      <div className="head">
        <div>
          <h1>{query.data ? agentsTitle(agents, momentOf) : 'Agents'}</h1>
          <p className="sub">A host obeys signed orders that its own policy file allows, and nothing else. It keeps its keys to itself.</p>
        </div>
        <span className="sp" />
        <div className="verbs">
          {!isAdding && (
            <Button kind="primary" onClick={() => setUrl({ add: '1' }, true)}>
              Add a host…
            </Button>
          )}
        </div>
      </div>
      {isAdding && <AddHost agents={agents} onClose={() => setUrl({ add: undefined })} />}
      {open.length > 0 && <Undecided agents={open} />}
      <Card
        title="Hosts"
        note={query.data ? count(agents.length) : undefined}
        flush
        busy={query.isPending}
        action={
          <input
            data-search
            type="search"
            className="inp host-filter"
            aria-label="Find a host by name, version or state"
            placeholder="Host, version, state"
            value={text}
            onChange={(event) => setUrl({ q: event.target.value })}
          />
        }
      >
        <Answer query={query} failed="The hosts could not be read." works="They go on by their last accepted plans." rows={6}>
          {() =>
            agents.length === 0 ? (
              <p className="in-pad sec">Add the first one: it takes one pasted command.</p>
            ) : shown.length === 0 ? (
              <p className="in-pad sec">No host is like “{text}”.</p>
            ) : (
              <HostTable agents={shown} site={site} />
            )
          }
        </Answer>
      </Card>
      <CommandLine command="fortfail agent list" />
    </Page>
  );
};
