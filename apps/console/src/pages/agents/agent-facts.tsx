import type { Agent } from '@fortfail/protocol';
import { useFingerprint } from '../../api/fingerprint.ts';
import { counted } from '../../format/quantity.ts';
import { Card } from '../../ui/card.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { Moment } from '../../ui/time.tsx';
import { visibleText } from '../../view/visible-text.ts';
import { Certificate } from './host-table.tsx';
import { SixWords } from './six-words.tsx';

const kinds: Readonly<Record<Agent['kind'], string>> = {
  resident: 'beside the orchestrator',
  remote: 'on another host',
  legacy: 'of the first API',
};

/** What the site knows of a host, and what the host says of its own rules. */
export const AgentFacts = ({ agent }: { readonly agent: Agent }) => (
  <Card title="Host">
    <dl className="kv">
      <dt>Agent</dt>
      <dd>
        <code>{agent.id}</code>, {kinds[agent.kind]}
      </dd>
      <dt>Enrolled</dt>
      <dd>
        <Moment at={agent.enrolledAt} />
      </dd>
      <dt>Certificate until</dt>
      <dd>
        <Certificate agent={agent} />
        {agent.certificateUntil !== null && <span className="sec">, renewed {counted(Math.max(0, agent.generation - 1), 'time')}</span>}
      </dd>
      <dt>Policy</dt>
      <dd>{agent.policyDigest === null ? 'not told' : <code>{visibleText(agent.policyDigest)}</code>}</dd>
      <dt>Owner</dt>
      <dd>
        {agent.hasOwner ? (
          'its policy names this site’s owner'
        ) : (
          <b className="m risk">its policy names no owner: it believes the orchestrator alone</b>
        )}
      </dd>
      <dt>Restores into</dt>
      <dd>{agent.restoreRoot === null ? 'unknown' : <code>{visibleText(agent.restoreRoot)}</code>}</dd>
    </dl>
  </Card>
);

/** Public halves only: what others compare, seal to and verify with. */
export const AgentKeys = ({ agent }: { readonly agent: Agent }) => {
  const fingerprint = useFingerprint(agent.signing);
  return (
    <Card title="Keys" note="public halves; the others never leave the host">
      <div className="col gap-3">
        {agent.words === null ? (
          <p className="sec">{agent.kind === 'legacy' ? 'The first API knows no keys.' : 'It has told no keys yet.'}</p>
        ) : (
          <div className="col">
            <h3>Six words, the same on the host</h3>
            <SixWords words={agent.words} />
          </div>
        )}
        {agent.sealing !== null && (
          <div className="col">
            <h3>Sealed to it with</h3>
            <CopyText text={agent.sealing} of="the sealing key" />
          </div>
        )}
        {agent.signing !== null && (
          <div className="col">
            <h3>It signs with</h3>
            <CopyText text={agent.signing} of="the signing key" />
            {fingerprint !== null && <code className="xs sec wrap-any">{fingerprint}</code>}
          </div>
        )}
      </div>
    </Card>
  );
};
