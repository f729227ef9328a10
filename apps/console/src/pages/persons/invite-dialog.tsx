import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { queryClient } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { distinctGrants, type Grant, nameFault } from '../../view/person-views.ts';
import { GrantsEditor } from './grants-editor.tsx';
import { ShownOnceDialog } from './shown-once.tsx';

/** Invites somebody: their name, their rights, and then the link to send them. */
export const InviteDialog = ({ onClose }: { readonly onClose: () => void }) => {
  const [name, setName] = useState('');
  const [grants, setGrants] = useState<readonly Grant[]>([{ role: 'viewer', scope: 'site' }]);
  const [link, setLink] = useState<{ readonly url: string; readonly expiresAt: string }>();
  const invite = useMutation({
    gcTime: 0,
    mutationFn: async () => setLink(await call('createPerson', { body: { name, grants: distinctGrants(grants) } })),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: ['listPersons'] }),
  });
  if (link)
    return (
      <ShownOnceDialog title={`${name} is invited`} onClose={onClose} text={link.url} of="the link" until={link.expiresAt}>
        Send this to them alone: it signs in once, and lets them choose how they come back.
      </ShownOnceDialog>
    );
  const fault = nameFault(name);
  return (
    <Dialog title="Invite a person" onClose={onClose} className="wide">
      <form
        className="col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined && !invite.isPending) invite.mutate();
        }}
      >
        <div className="fld">
          <label htmlFor="person-name">Name</label>
          <input
            id="person-name"
            data-autofocus
            className="inp"
            autoComplete="off"
            maxLength={64}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          {name !== '' && fault !== undefined && <span className="hint lost">{fault}</span>}
        </div>
        <GrantsEditor grants={grants} onChange={setGrants} />
        {invite.error && <ErrorNote title="Nobody was invited." error={invite.error} />}
        <div className="row dlg-foot">
          <span className="sp" />
          <Button onClick={onClose}>Back</Button>
          <Button type="submit" kind="primary" stop={fault ?? (invite.isPending ? 'The link is being made.' : undefined)}>
            Make the link
          </Button>
        </div>
      </form>
    </Dialog>
  );
};
