import { useId } from 'react';
import { useRouteQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { type Grant, roles, roleText, type ScopeNames } from '../../view/person-views.ts';

/** Names of plans and hosts, for scopes. */
export const useScopeNames = (): ScopeNames => ({
  plans: useRouteQuery('overview').data?.plans.map(({ plan }) => plan) ?? [],
  hosts: useRouteQuery('listAgents').data?.items ?? [],
});

interface GrantsEditorProps {
  readonly grants: readonly Grant[];
  readonly onChange: (grants: readonly Grant[]) => void;
}

/** Roles and where each of them holds. */
export const GrantsEditor = ({ grants, onChange }: GrantsEditorProps) => {
  const id = useId();
  const { plans, hosts } = useScopeNames();
  const set = (index: number, change: Partial<Grant>): void =>
    onChange(grants.map((grant, at) => (at === index ? { ...grant, ...change } : grant)));
  return (
    <fieldset className="grants">
      <legend className="m">Rights</legend>
      {grants.map((grant, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a right has no name of its own.
        <div key={index} className="row wrap">
          <select
            className="inp"
            aria-label={`Role ${index + 1}`}
            aria-describedby={`${id}-${index}`}
            value={grant.role}
            onChange={(event) => set(index, { role: event.target.value as Grant['role'] })}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {role}
              </option>
            ))}
          </select>
          <select
            className="inp"
            aria-label={`Where role ${index + 1} holds`}
            value={grant.scope}
            onChange={(event) => set(index, { scope: event.target.value })}
          >
            <option value="site">the whole site</option>
            {plans.map((plan) => (
              <option key={plan.id} value={`plan:${plan.id}`}>
                plan {plan.name}
              </option>
            ))}
            {hosts.map((host) => (
              <option key={host.id} value={`host:${host.id}`}>
                host {host.hostname}
              </option>
            ))}
          </select>
          {grants.length > 1 && (
            <Button small kind="ghost" onClick={() => onChange(grants.filter((_, at) => at !== index))}>
              Remove<span className="vh"> right {index + 1}</span>
            </Button>
          )}
          <span className="xs sec" id={`${id}-${index}`}>
            {roleText[grant.role]}
          </span>
        </div>
      ))}
      <div>
        <Button small onClick={() => onChange([...grants, { role: 'viewer', scope: 'site' }])}>
          Add a right
        </Button>
      </div>
    </fieldset>
  );
};
