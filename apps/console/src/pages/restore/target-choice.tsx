import type { Agent, RestorePoint } from '@fortfail/protocol';
import type { Keeper } from '../../api/browse.ts';
import { useRouteQuery } from '../../api/queries.ts';
import { HostNeeds } from './host-needs.tsx';

export interface Target {
  readonly kind: 'fresh' | 'named' | 'host';
  readonly path: string;
  /** The other host's agent; empty until one is chosen. */
  readonly agentId: string;
}

/** Why this place cannot be used; undefined when it can be asked for. */
export const targetStop = ({ kind, path, agentId }: Target): string | undefined => {
  if (kind === 'fresh') return undefined;
  if (kind === 'host') return agentId === '' ? 'Choose the host first.' : undefined;
  if (path === '') return 'Name the folder first.';
  return path.startsWith('/') ? undefined : 'The folder must be an absolute path, from / on.';
};

/** Hosts that may receive files: enrolled and let in; others stay in the list and say why not. */
export const targetHosts = (agents: readonly Agent[], keeper: Keeper | undefined): { agent: Agent; stop: string | undefined }[] =>
  agents
    .filter(({ id, kind, status }) => id !== keeper?.agentId && kind !== 'legacy' && status !== 'revoked')
    .map((agent) => ({
      agent,
      stop: agent.status !== 'active' ? `is ${agent.status}` : agent.connected ? undefined : 'is not connected',
    }));

interface OptionProps {
  readonly isOn: boolean;
  readonly title: string;
  readonly detail: string;
  readonly onChoose: () => void;
}

const Option = ({ isOn, title, detail, onChoose }: OptionProps) => (
  <label className={isOn ? 'option on' : 'option'}>
    <input type="radio" name="target" checked={isOn} onChange={onChoose} />
    <span>
      <b className="m">{title}</b>
      <span className="xs sec option-detail wrap-any">{detail}</span>
    </span>
  </label>
);

const NamedFolder = ({ target, onChange }: Pick<TargetChoiceProps, 'target' | 'onChange'>) => {
  const stop = targetStop(target);
  return (
    <div className="fld">
      <label htmlFor="target-path">Folder</label>
      <input
        id="target-path"
        className="inp mono"
        autoComplete="off"
        spellCheck={false}
        placeholder="/srv/restored"
        aria-invalid={target.path !== '' && stop !== undefined}
        aria-describedby="target-hint"
        value={target.path}
        onChange={(event) => onChange({ ...target, path: event.target.value })}
      />
      <span className="hint" id="target-hint">
        {stop ?? 'Nothing is overwritten: the agent refuses a folder with anything in it.'}
      </span>
    </div>
  );
};

interface TargetChoiceProps {
  readonly point: RestorePoint;
  readonly keeper: Keeper | undefined;
  readonly target: Target;
  readonly onChange: (target: Target) => void;
}

const OtherHost = ({ point, keeper, target, onChange }: TargetChoiceProps) => {
  const agents = useRouteQuery('listAgents').data?.items ?? [];
  const hosts = targetHosts(agents, keeper);
  const chosen = hosts.find(({ agent }) => agent.id === target.agentId)?.agent;
  return (
    <>
      <div className="fld">
        <label htmlFor="target-host">Host</label>
        <select
          id="target-host"
          className="inp"
          value={target.agentId}
          onChange={(event) => onChange({ ...target, agentId: event.target.value })}
        >
          <option value="">choose one</option>
          {hosts.map(({ agent, stop }) => (
            <option key={agent.id} value={agent.id} disabled={stop !== undefined}>
              {agent.hostname}
              {stop === undefined ? '' : ` (${stop})`}
            </option>
          ))}
        </select>
      </div>
      {chosen && <HostNeeds point={point} host={chosen} />}
    </>
  );
};

/** Where to: never in place, but into a folder of its own, on this host or another one. */
export const TargetChoice = (props: TargetChoiceProps) => {
  const { point, keeper, target, onChange } = props;
  const agents = useRouteQuery('listAgents').data?.items;
  const agent = agents?.find(({ id }) => id === keeper?.agentId);
  const hosts = targetHosts(agents ?? [], keeper);
  const ready = hosts.filter(({ stop }) => stop === undefined).length;
  return (
    <fieldset className="target">
      <legend>Where to, on {keeper?.hostname ?? point.hostname}</legend>
      <Option
        isOn={target.kind === 'fresh'}
        title="A fresh folder"
        detail={agent?.restoreRoot ? `below ${agent.restoreRoot}` : 'below the restore folder of its agent'}
        onChoose={() => onChange({ ...target, kind: 'fresh' })}
      />
      <Option
        isOn={target.kind === 'named'}
        title="Another folder"
        detail="that is empty or does not exist yet"
        onChoose={() => onChange({ ...target, kind: 'named' })}
      />
      {target.kind === 'named' && <NamedFolder target={target} onChange={onChange} />}
      {hosts.length > 0 && (
        <Option
          isOn={target.kind === 'host'}
          title="Another host"
          detail={`a fresh folder there; ${ready} of ${hosts.length} can receive`}
          onChoose={() => onChange({ ...target, kind: 'host' })}
        />
      )}
      {target.kind === 'host' && <OtherHost {...props} />}
      <p className="xs sec">
        Contents, owners, modes, times, links, extended attributes and ACLs come back as they were, and every byte is verified after
        writing.
      </p>
    </fieldset>
  );
};
