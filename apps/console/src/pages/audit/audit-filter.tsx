import { type FormEvent, useState } from 'react';
import { useUrlState } from '../../render/use-url-state.ts';
import { Button } from '../../ui/button.tsx';

/** Families of actions; the dot means all of them. */
const families = [
  'agent.',
  'alert.',
  'drill.',
  'grant.',
  'job.',
  'kit.',
  'person.',
  'plan.',
  'repository.',
  'restore.',
  'session.',
  'token.',
];

const fields = [
  ['action', 'Action', 'plan.edit, or plan. for all'],
  ['actor', 'Who', 'person, agent, or an id'],
  ['object', 'On', 'plan, restore, or an id'],
] as const;

interface AuditFilterProps {
  readonly chain: 'main' | 'access';
  readonly filter: Readonly<Record<string, string>>;
}

/** What to look for. It goes into the address when it is sent, so that Back undoes it. */
export const AuditFilter = ({ chain, filter }: AuditFilterProps) => {
  const [, setUrl] = useUrlState();
  const [draft, setDraft] = useState<Readonly<Record<string, string>>>(filter);
  const set = (name: string, value: string): void => setDraft({ ...draft, [name]: value });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const next = Object.fromEntries(
      ['action', 'actor', 'object', 'since', 'until'].map((name) => [name, draft[name]?.trim() || undefined]),
    );
    setUrl({ ...next, n: undefined }, true);
  };
  return (
    <form className="audit-filter" onSubmit={submit}>
      <div className="fld">
        <span className="m xs">Chain</span>
        <div className="seg-ctl">
          {(['main', 'access'] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={chain === each}
              onClick={() => setUrl({ chain: each === 'main' ? undefined : each, n: undefined }, true)}
            >
              {each === 'main' ? 'Changes' : 'Looks'}
            </button>
          ))}
        </div>
      </div>
      {fields.map(([name, label, hint], index) => (
        <div key={name} className="fld">
          <label className="xs" htmlFor={`audit-${name}`}>
            {label}
          </label>
          <input
            id={`audit-${name}`}
            data-search={index === 0 ? '' : undefined}
            className="inp"
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
            placeholder={hint}
            list={name === 'action' ? 'audit-actions' : undefined}
            value={draft[name] ?? ''}
            onChange={(event) => set(name, event.target.value)}
          />
        </div>
      ))}
      <datalist id="audit-actions">
        {families.map((family) => (
          <option key={family} value={family} />
        ))}
      </datalist>
      {(['since', 'until'] as const).map((name) => (
        <div key={name} className="fld date">
          <label className="xs" htmlFor={`audit-${name}`}>
            {name === 'since' ? 'From' : 'Before'} (UTC)
          </label>
          <input
            id={`audit-${name}`}
            type="date"
            className="inp"
            value={draft[name]?.slice(0, 10) ?? ''}
            onChange={(event) => set(name, event.target.value)}
          />
        </div>
      ))}
      <Button type="submit">Look</Button>
    </form>
  );
};
