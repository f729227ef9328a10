import type { Person } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { queryClient } from '../../api/queries.ts';
import { toast } from '../../api/toasts.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { distinctGrants, type Grant } from '../../view/person-views.ts';
import { GrantsEditor } from './grants-editor.tsx';
import { ShownOnce } from './shown-once.tsx';

const NewLink = ({ person }: { readonly person: Person }) => {
  const [link, setLink] = useState<{ readonly url: string; readonly expiresAt: string }>();
  const make = useMutation({
    gcTime: 0,
    mutationFn: async () => setLink(await call('createPersonLink', { path: { personId: person.id } })),
  });
  if (link)
    return (
      <ShownOnce text={link.url} of="the link" until={link.expiresAt}>
        Send this to them alone: it signs in once.
      </ShownOnce>
    );
  return (
    <div className="col">
      <div>
        <Button
          stop={person.disabled ? 'They are disabled: enable them first.' : make.isPending ? 'It is being made.' : undefined}
          onClick={() => make.mutate()}
        >
          Make a one-time link
        </Button>
      </div>
      {make.error && <ErrorNote title="No link was made." error={make.error} />}
    </div>
  );
};

/** Rights of a person, a link for who lost their way in, and the switch that ends everything they have. */
export const PersonDialog = ({ person, onClose }: { readonly person: Person; readonly onClose: () => void }) => {
  const [grants, setGrants] = useState<readonly Grant[]>(person.grants);
  const [isDisabled, setDisabled] = useState(person.disabled);
  const change = useMutation({
    mutationFn: () =>
      call('changePerson', { path: { personId: person.id }, body: { grants: distinctGrants(grants), disabled: isDisabled } }),
    onSuccess: () => {
      toast({ tone: 'safe', title: `${person.name} is changed` });
      void queryClient.invalidateQueries({ queryKey: ['listPersons'] });
      onClose();
    },
  });
  return (
    <Dialog title={person.name} onClose={onClose} className="wide">
      <form
        className="col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!change.isPending) change.mutate();
        }}
      >
        <GrantsEditor grants={grants} onChange={setGrants} />
        <label className="row">
          <input type="checkbox" checked={isDisabled} onChange={(event) => setDisabled(event.target.checked)} />
          Disabled: sessions, tokens and links end at once
        </label>
        <NewLink person={person} />
        {change.error && <ErrorNote title={`${person.name} was not changed.`} error={change.error} />}
        <div className="row dlg-foot">
          <span className="sp" />
          <Button onClick={onClose} autoFocus>
            Back
          </Button>
          <Button
            type="submit"
            kind={isDisabled && !person.disabled ? 'danger' : 'primary'}
            stop={change.isPending ? 'It is being changed.' : undefined}
          >
            {isDisabled && !person.disabled ? `Disable ${person.name}` : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
};
