import type { Agent, JoinString } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { call } from '../../api/call.ts';
import { serverClock, useClock } from '../../api/server-clock.ts';
import { useVerbStop } from '../../api/session.ts';
import { duration } from '../../format/duration.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyText } from '../../ui/copy-text.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { Glyph } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { arrivedSince } from '../../view/agent-views.ts';
import { useDecision } from './decision-dialog.tsx';
import { SixWords } from './six-words.tsx';

interface Made {
  readonly join: JoinString;
  /** When it was asked for, by the server's clock. */
  readonly since: number;
}

const HOURS: readonly (readonly [hours: number, label: string])[] = [
  [1, '1 hour'],
  [24, '24 hours'],
  [168, '7 days'],
];

const JoinForm = ({ onMade }: { readonly onMade: (made: Made) => void }) => {
  const [hostname, setHostname] = useState('');
  const [hours, setHours] = useState(1);
  const stop = useVerbStop('enrol');
  const make = useMutation({
    mutationFn: async (): Promise<Made> => {
      const since = serverClock.now();
      return { since, join: await call('createJoinString', { body: { hostname: hostname.trim() || null, hours } }) };
    },
    // It is a secret: it stays in this page and is not kept in any cache.
    gcTime: 0,
    onSuccess: onMade,
  });
  const needsName = hours > 24 && hostname.trim() === '' ? 'For more than a day it must be bound to a host name.' : undefined;
  return (
    <form
      className="col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!make.isPending) make.mutate();
      }}
    >
      <div className="add-form">
        <div className="fld">
          <label htmlFor="join-host">Host name, if it is to be bound to one</label>
          <input
            id="join-host"
            className="inp"
            autoComplete="off"
            spellCheck={false}
            maxLength={253}
            value={hostname}
            onChange={(event) => setHostname(event.target.value)}
          />
        </div>
        <div className="fld">
          <label htmlFor="join-hours">Works for</label>
          <select id="join-hours" className="inp" value={hours} onChange={(event) => setHours(Number(event.target.value))}>
            {HOURS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <Button type="submit" kind="primary" stop={stop ?? needsName ?? (make.isPending ? 'It is being made.' : undefined)}>
          Make the command
        </Button>
      </div>
      {needsName && <p className="xs sec">{needsName}</p>}
      {make.error && <ErrorNote title="No command was made." error={make.error} />}
    </form>
  );
};

const Came = ({ agent }: { readonly agent: Agent }) => {
  const stop = useVerbStop('enrol');
  const decide = useDecision();
  if (agent.status !== 'pending')
    return (
      <li>
        <Glyph tone={agent.status === 'active' ? 'safe' : 'held'} />
        <span>
          <Link className="lk" href={`/agents/${agent.id}`}>
            {agent.hostname}
          </Link>{' '}
          {agent.status === 'active' ? 'is one of your hosts now. Its first plan can be made there or here.' : `is ${agent.status}.`}
        </span>
      </li>
    );
  const busy = stop ?? (decide.isPending ? 'It is being told.' : undefined);
  return (
    <li>
      <Glyph tone="run" />
      <div className="col">
        <span>
          <b className="m">{agent.hostname}</b> called. Does it show these words itself?
        </span>
        {agent.words && <SixWords words={agent.words} />}
        <div className="row wrap">
          <Button kind="primary" stop={busy} onClick={() => decide.mutate({ agent, decision: 'approve' })}>
            The same: approve
          </Button>
          <Button stop={busy} onClick={() => decide.mutate({ agent, decision: 'hold' })}>
            No: hold it
          </Button>
        </div>
        {decide.error && <ErrorNote title="Nothing was changed." error={decide.error} />}
      </div>
    </li>
  );
};

const Steps = ({ made, agents, secondsLeft }: { readonly made: Made; readonly agents: readonly Agent[]; readonly secondsLeft: number }) => {
  const came = arrivedSince(agents, made.since);
  return (
    <ol className="came" aria-label="What has happened" aria-live="polite">
      <li>
        <Glyph tone="safe" />
        <span>The command is made.</span>
      </li>
      {came.map((agent) => (
        <Came key={agent.id} agent={agent} />
      ))}
      {came.length === 0 && (
        <li>
          <Glyph tone={secondsLeft > 0 ? 'wait' : 'stopped'} />
          <span className="sec">{secondsLeft > 0 ? 'Waiting for the host to call.' : 'No host called in time.'}</span>
        </li>
      )}
    </ol>
  );
};

const Command = ({ made, agents, onAgain }: { readonly made: Made; readonly agents: readonly Agent[]; readonly onAgain: () => void }) => {
  const until = Date.parse(made.join.expiresAt);
  const secondsLeft = useClock((now) => Math.max(0, Math.ceil((until - now) / 1000)));
  return (
    <div className="add-host">
      <div className="col gap-3">
        {secondsLeft > 0 ? (
          <>
            <CopyText text={made.join.command} of="the command" />
            <p className="sec">
              Paste it on the new host. It works once, for one host, until <Moment at={made.join.expiresAt} />:{' '}
              <b className="nw" role="timer">
                {duration(secondsLeft)}
              </b>{' '}
              left. It is shown only here and only now.
            </p>
            <p className="xs sec">
              The secret goes in by standard input, so no list of processes shows it. The host calls out to {made.join.url}; no port is
              opened there. Its keys are made on the host and never leave it.
            </p>
          </>
        ) : (
          <p>This command no longer works.</p>
        )}
        <div>
          <Button onClick={onAgain}>Make another</Button>
        </div>
      </div>
      <Steps made={made} agents={agents} secondsLeft={secondsLeft} />
    </div>
  );
};

interface AddHostProps {
  readonly agents: readonly Agent[];
  readonly onClose: () => void;
}

/** One command to paste on a new host, and the six words to compare once it calls. */
export const AddHost = ({ agents, onClose }: AddHostProps) => {
  const [made, setMade] = useState<Made>();
  return (
    <Card
      title="Add a host"
      note="one command, pasted there"
      action={
        <Button small kind="ghost" onClick={onClose}>
          Close
        </Button>
      }
    >
      {made === undefined ? <JoinForm onMade={setMade} /> : <Command made={made} agents={agents} onAgain={() => setMade(undefined)} />}
    </Card>
  );
};
