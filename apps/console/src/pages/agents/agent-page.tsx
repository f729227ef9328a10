import type { Agent } from '@fortfail/protocol';
import { useRouteQuery } from '../../api/queries.ts';
import { count, counted } from '../../format/quantity.ts';
import { Page } from '../../shell/page.tsx';
import { Card } from '../../ui/card.tsx';
import { CommandLine } from '../../ui/command-line.tsx';
import { ErrorNote, Note, Skeleton } from '../../ui/states.tsx';
import { Chip } from '../../ui/status.tsx';
import { Age } from '../../ui/time.tsx';
import { useMomentText } from '../../ui/use-moment-text.ts';
import { agentTitle, standingOf, standingTone, standingWord } from '../../view/agent-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { AgentFacts, AgentKeys } from './agent-facts.tsx';
import { AgentGrants, AgentPlans, AgentRepositories } from './agent-holdings.tsx';
import { Decisions } from './decision-dialog.tsx';
import './agents.css';

const Head = ({ agent }: { readonly agent: Agent }) => {
  const momentOf = useMomentText();
  const standing = standingOf(agent);
  return (
    <div className="head">
      <div>
        <div className="title">
          <h1>{visibleText(agentTitle(agent, momentOf))}</h1>
          <Chip tone={standingTone[standing]}>{standingWord[standing]}</Chip>
        </div>
        <p className="sub">
          FortFail {visibleText(agent.version)} {agent.isRoot ? 'as root' : 'as a plain user'},{' '}
          {agent.lastSeenAt === null ? (
            'never heard'
          ) : (
            <>
              last heard <Age at={agent.lastSeenAt} /> ago
            </>
          )}
          , {counted(agent.plans, 'plan')}, {agent.openJobs === 0 ? 'no open job' : counted(agent.openJobs, 'open job')}.
        </p>
      </div>
      <span className="sp" />
      <Decisions agent={agent} />
    </div>
  );
};

/** One host: its state, its keys, what it keeps and who else may open that. */
export const AgentPage = ({ agentId }: { readonly agentId: string }) => {
  const query = useRouteQuery('getAgent', { path: { agentId } });
  const agent = query.data;
  const name = agent ? visibleText(agent.hostname) : 'Agent';
  return (
    <Page title={name} crumbs={[{ label: 'Agents', href: '/agents' }, { label: name }]}>
      {!agent && query.error !== null && (
        <>
          <h1>This host could not be read</h1>
          <ErrorNote title="The host could not be read." error={query.error} onRetry={() => void query.refetch()} />
        </>
      )}
      {!agent && query.error === null && (
        <>
          <h1 className="vh">Agent</h1>
          <Card title="Host" busy flush>
            <Skeleton rows={8} />
          </Card>
        </>
      )}
      {agent && (
        <>
          <Head agent={agent} />
          {agent.reason !== null && <Note tone={agent.status === 'held' ? 'held' : 'risk'} title={visibleText(agent.reason)} />}
          <div className="grid">
            <div className="c6 col gap-4">
              <AgentFacts agent={agent} />
              <AgentPlans agent={agent} />
            </div>
            <div className="c6 col gap-4">
              <AgentKeys agent={agent} />
              <AgentRepositories agent={agent} />
              <AgentGrants agent={agent} />
            </div>
          </div>
          {agent.witnessSeq !== null && <p className="xs sec">It witnesses the audit chain up to record {count(agent.witnessSeq)}.</p>}
          <CommandLine
            command={
              agent.status === 'revoked'
                ? 'fortfail agent list'
                : `fortfail agent decide ${agent.id} ${agent.status === 'active' ? 'hold' : 'approve'}`
            }
          />
        </>
      )}
    </Page>
  );
};
