import type { Agent } from '@fortfail/protocol';
import { Link } from 'wouter';
import { useNow } from '../../api/server-clock.ts';
import { count } from '../../format/quantity.ts';
import { useIsNarrow } from '../../render/use-media.ts';
import { Status } from '../../ui/status.tsx';
import { Age, Moment } from '../../ui/time.tsx';
import { certificateTone, standingOf, standingTone, standingWord } from '../../view/agent-views.ts';
import { visibleText } from '../../view/visible-text.ts';

export const AgentStatus = ({ agent }: { readonly agent: Agent }) => {
  const standing = standingOf(agent);
  return <Status tone={standingTone[standing]}>{standingWord[standing]}</Status>;
};

/** Until when a host's certificate counts; a host on the orchestrator's own machine needs none. */
export const Certificate = ({ agent }: { readonly agent: Agent }) => {
  const now = useNow(3600);
  if (agent.certificateUntil === null) return <span className="dim">{agent.kind === 'resident' ? '–' : 'none'}</span>;
  const tone = certificateTone(agent.certificateUntil, now);
  return (
    <span className={tone === 'safe' ? 'sec' : tone}>
      {tone === 'lost' ? 'ended ' : ''}
      <Moment at={agent.certificateUntil} />
    </span>
  );
};

const LastWord = ({ agent }: { readonly agent: Agent }) =>
  agent.lastSeenAt === null ? (
    <span className="unknown">never</span>
  ) : (
    <>
      <Age at={agent.lastSeenAt} /> ago
    </>
  );

const Version = ({ agent, site }: { readonly agent: Agent; readonly site: string | undefined }) =>
  site === undefined || agent.version === site ? (
    <span className="sec">{visibleText(agent.version)}</span>
  ) : (
    <>
      <b className="risk m">{visibleText(agent.version)}</b> <span className="dim xs">of {site}</span>
    </>
  );

const Owner = ({ agent }: { readonly agent: Agent }) => (agent.hasOwner ? <span className="sec">yes</span> : <b className="m risk">no</b>);

const heads = ['Host', 'State', 'Last word', 'Version', '>Plans', 'Policy', 'Owner', 'Certificate until', '>Witness of'];

const Row = ({ agent, site }: { readonly agent: Agent; readonly site: string | undefined }) => (
  <tr>
    <td>
      <Link className="m" data-row href={`/agents/${agent.id}`}>
        {visibleText(agent.hostname)}
      </Link>
      {agent.kind !== 'remote' && <span className="xs dim"> {agent.kind === 'resident' ? 'orchestrator' : 'first API'}</span>}
    </td>
    <td>
      <AgentStatus agent={agent} />
    </td>
    <td>
      <LastWord agent={agent} />
    </td>
    <td>
      <Version agent={agent} site={site} />
    </td>
    <td className="num">{count(agent.plans)}</td>
    <td className="sec">
      {agent.policyDigest === null ? (
        'not told'
      ) : (
        <code title={agent.policyDigest}>{agent.policyDigest.replace('sha256:', '').slice(0, 8)}</code>
      )}
    </td>
    <td>
      <Owner agent={agent} />
    </td>
    <td>
      <Certificate agent={agent} />
    </td>
    <td className="num sec">{agent.witnessSeq === null ? 'nothing' : count(agent.witnessSeq)}</td>
  </tr>
);

const HostCard = ({ agent, site }: { readonly agent: Agent; readonly site: string | undefined }) => (
  <li className="host-card">
    <div className="row">
      <Link className="m el" data-row href={`/agents/${agent.id}`}>
        {visibleText(agent.hostname)}
      </Link>
      <span className="sp" />
      <AgentStatus agent={agent} />
    </div>
    <div className="row wrap xs sec">
      <span>
        heard <LastWord agent={agent} />
      </span>
      <span>
        <Version agent={agent} site={site} />
      </span>
      <span>{count(agent.plans)} plans</span>
      <span>
        owner <Owner agent={agent} />
      </span>
    </div>
  </li>
);

/** Every host with its health, what it obeys and what it witnesses; cards on a phone. */
export const HostTable = ({ agents, site }: { readonly agents: readonly Agent[]; readonly site: string | undefined }) => {
  const isNarrow = useIsNarrow();
  if (isNarrow)
    return (
      <ul>
        {agents.map((agent) => (
          <HostCard key={agent.id} agent={agent} site={site} />
        ))}
      </ul>
    );
  return (
    <div className="tw">
      <table className="t tight">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col" className={head.startsWith('>') ? 'num' : undefined}>
                {head.replace('>', '')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {agents.map((agent) => (
            <Row key={agent.id} agent={agent} site={site} />
          ))}
        </tbody>
      </table>
    </div>
  );
};
