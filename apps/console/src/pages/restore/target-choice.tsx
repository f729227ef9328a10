import type { RestorePoint } from '@fortfail/protocol';
import { useRouteQuery } from '../../api/queries.ts';

export interface Target {
  readonly kind: 'fresh' | 'named';
  readonly path: string;
}

/** Why a typed folder cannot be used; undefined when it can be asked for. */
export const targetStop = ({ kind, path }: Target): string | undefined => {
  if (kind === 'fresh') return undefined;
  if (path === '') return 'Name the folder first.';
  return path.startsWith('/') ? undefined : 'The folder must be an absolute path, from / on.';
};

interface TargetChoiceProps {
  readonly point: RestorePoint;
  readonly target: Target;
  readonly onChange: (target: Target) => void;
}

/** Where to: never in place, but into a folder of its own. */
export const TargetChoice = ({ point, target, onChange }: TargetChoiceProps) => {
  const plan = useRouteQuery('overview').data?.plans.find((each) => each.plan.id === point.planId)?.plan;
  const agent = useRouteQuery('listAgents').data?.items.find(({ id }) => id === plan?.agentId);
  const host = agent?.hostname ?? point.hostname;
  const stop = targetStop(target);
  return (
    <fieldset className="target">
      <legend>Where to, on {host}</legend>
      <label className={target.kind === 'fresh' ? 'option on' : 'option'}>
        <input type="radio" name="target" checked={target.kind === 'fresh'} onChange={() => onChange({ ...target, kind: 'fresh' })} />
        <span>
          <b className="m">A fresh folder</b>
          <span className="xs sec option-detail wrap-any">
            {agent?.restoreRoot ? `below ${agent.restoreRoot}` : 'below the restore folder of its agent'}
          </span>
        </span>
      </label>
      <label className={target.kind === 'named' ? 'option on' : 'option'}>
        <input type="radio" name="target" checked={target.kind === 'named'} onChange={() => onChange({ ...target, kind: 'named' })} />
        <span>
          <b className="m">Another folder</b>
          <span className="xs sec option-detail">that is empty or does not exist yet</span>
        </span>
      </label>
      {target.kind === 'named' && (
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
      )}
      <p className="xs sec">
        Contents, owners, modes, times, links, extended attributes and ACLs come back as they were, and every byte is verified after
        writing.
      </p>
    </fieldset>
  );
};
