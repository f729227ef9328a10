import type { Person } from '@fortfail/protocol';
import { useState } from 'react';
import { counted } from '../../format/quantity.ts';
import { Button } from '../../ui/button.tsx';
import { Status } from '../../ui/status.tsx';
import { Moment } from '../../ui/time.tsx';
import { grantsText } from '../../view/person-views.ts';
import { visibleText } from '../../view/visible-text.ts';
import { useScopeNames } from './grants-editor.tsx';
import { PersonDialog } from './person-dialog.tsx';

const ways = ({ hasPassword, passkeys }: Person): string =>
  [...(hasPassword ? ['password'] : []), ...(passkeys > 0 ? [counted(passkeys, 'passkey')] : [])].join(', ') || 'none yet';

/** Everybody who may come in, with what they may do. */
export const PersonList = ({ persons, stop }: { readonly persons: readonly Person[]; readonly stop: string | undefined }) => {
  const names = useScopeNames();
  const [open, setOpen] = useState<Person>();
  return (
    <>
      <ul>
        {persons.map((person) => (
          <li key={person.id} className="person">
            <div className="col">
              <div className="row wrap">
                <b className="m">{visibleText(person.name)}</b>
                {person.disabled && <Status tone="stopped">Disabled</Status>}
              </div>
              <span className="xs sec">{grantsText(person.grants, names)}</span>
            </div>
            <div className="xs sec">
              <div>Comes in by: {ways(person)}</div>
              <div>Last here: {person.lastSeenAt === null ? 'never' : <Moment at={person.lastSeenAt} />}</div>
            </div>
            <Button small stop={stop} onClick={() => setOpen(person)}>
              Change…<span className="vh"> {person.name}</span>
            </Button>
          </li>
        ))}
      </ul>
      {open && <PersonDialog person={open} onClose={() => setOpen(undefined)} />}
    </>
  );
};
