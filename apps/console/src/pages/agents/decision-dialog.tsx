import type { Agent, AgentDecision } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { queryClient } from '../../api/queries.ts';
import { useVerbStop } from '../../api/session.ts';
import { toast } from '../../api/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { decisionsFor, decisionText } from '../../view/agent-views.ts';
import { SixWords } from './six-words.tsx';

/** Tells a decision to the site, and has everything about hosts read again. */
export const useDecision = (onDone: () => void = () => undefined) =>
  useMutation({
    mutationFn: ({ agent, decision }: { readonly agent: Agent; readonly decision: AgentDecision }) =>
      call('decideAgent', { path: { agentId: agent.id }, body: { decision } }),
    onSuccess: (agent, { decision }) => {
      const { verb } = decisionText(decision, agent);
      toast({ tone: agent.status === 'active' ? 'safe' : 'run', title: `${agent.hostname}: ${verb.toLowerCase()} is on record` });
      for (const name of ['listAgents', 'getAgent', 'listAlerts', 'overview']) void queryClient.invalidateQueries({ queryKey: [name] });
      onDone();
    },
  });

interface DecisionDialogProps {
  readonly agent: Agent;
  readonly decision: AgentDecision;
  readonly onClose: () => void;
}

/** Says what a decision does, with the words to compare where it gives trust; a revocation wants the name typed. */
export const DecisionDialog = ({ agent, decision, onClose }: DecisionDialogProps) => {
  const [typed, setTyped] = useState('');
  const decide = useDecision(onClose);
  const { verb, title, sentence } = decisionText(decision, agent);
  const isRight = decision !== 'revoke' || typed === agent.hostname;
  return (
    <Dialog title={title} onClose={onClose} className="confirm">
      <p className="sec">{sentence}</p>
      {(decision === 'approve' || decision === 'keep') && agent.words !== null && <SixWords words={agent.words} />}
      <form
        className="col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (isRight && !decide.isPending) decide.mutate({ agent, decision });
        }}
      >
        {decision === 'revoke' && (
          <div className="fld">
            <label htmlFor="revoke-name">
              Type <code>{agent.hostname}</code> to go on
            </label>
            <input
              id="revoke-name"
              className="inp mono"
              autoComplete="off"
              spellCheck={false}
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
        )}
        {decide.error && <ErrorNote title="Nothing was changed." error={decide.error} />}
        <div className="row dlg-foot">
          <span className="sp" />
          <Button onClick={onClose} autoFocus>
            Back
          </Button>
          <Button
            type="submit"
            kind={decision === 'revoke' ? 'danger' : 'primary'}
            stop={isRight ? (decide.isPending ? 'It is being told.' : undefined) : `Type ${agent.hostname} first.`}
          >
            {verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};

interface DecisionsProps {
  readonly agent: Agent;
  readonly small?: boolean;
}

/** One button for each decision that fits; each opens what it does first. */
export const Decisions = ({ agent, small = false }: DecisionsProps) => {
  const stop = useVerbStop('enrol');
  const [open, setOpen] = useState<AgentDecision>();
  return (
    <div className="verbs row wrap">
      {decisionsFor(agent).map((decision, index) => {
        const stays =
          decision === 'revoke' && agent.kind === 'resident'
            ? 'It is the agent beside the orchestrator. Hold it, or stop it there.'
            : undefined;
        return (
          <Button
            key={decision}
            small={small}
            kind={decision === 'revoke' ? 'danger' : index === 0 && agent.status === 'pending' ? 'primary' : 'plain'}
            stop={stop ?? stays}
            onClick={() => setOpen(decision)}
          >
            {decisionText(decision, agent).verb}…<span className="vh"> {agent.hostname}</span>
          </Button>
        );
      })}
      {open !== undefined && <DecisionDialog agent={agent} decision={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
};
