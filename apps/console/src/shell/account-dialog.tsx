import type { Me } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { addPasskey, hasPasskeys } from '../api/passkey.ts';
import { queryClient, routeQuery } from '../api/queries.ts';
import { counted } from '../format/quantity.ts';
import { FormError } from '../pages/sign-in/form-error.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { Moment } from '../ui/time.tsx';
import { signOut } from './sign-out.ts';

interface AccountDialogProps {
  readonly me: Me;
  readonly onClose: () => void;
}

const NewPasskey = ({ me }: { readonly me: Me }) => {
  const [name, setName] = useState(`passkey ${me.passkeys.length + 1}`);
  const add = useMutation({
    mutationFn: () => addPasskey(name),
    onSuccess: (next) => {
      queryClient.setQueryData(routeQuery('me').queryKey, next);
      setName(`passkey ${next.passkeys.length + 1}`);
    },
  });
  return (
    <form
      className="col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) add.mutate();
      }}
    >
      <div className="fld">
        <label htmlFor="passkey-name">Name of a new passkey</label>
        <input
          id="passkey-name"
          className="inp"
          autoComplete="off"
          maxLength={64}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <FormError title="The passkey was not added." error={add.error} />
      <Button
        type="submit"
        stop={name.trim() === '' ? 'Give it a name first.' : add.isPending ? 'The browser asks for it now.' : undefined}
      >
        <Icon name="key" />
        Add a passkey
      </Button>
    </form>
  );
};

/** Who is signed in, their ways in, and the way out. */
export const AccountDialog = ({ me, onClose }: AccountDialogProps) => (
  <Dialog title={me.name} onClose={onClose} className="more">
    <dl className="kv">
      <dt>Password</dt>
      <dd>{me.hasPassword ? 'set' : 'none'}</dd>
      <dt>{counted(me.passkeys.length, 'passkey')}</dt>
      <dd>
        {me.passkeys.length === 0
          ? 'none'
          : me.passkeys.map((passkey) => (
              <div key={passkey.id}>
                {passkey.name} <span className="sec">since</span> <Moment at={passkey.createdAt} />
              </div>
            ))}
      </dd>
      {me.sessionUntil !== null && (
        <>
          <dt>Signed in until</dt>
          <dd>
            <Moment at={me.sessionUntil} />
          </dd>
        </>
      )}
    </dl>
    {hasPasskeys() && <NewPasskey me={me} />}
    <p className="xs sec">
      A new password is set after <code>fortfail login-link</code>, on the machine itself.
    </p>
    <div className="row dlg-foot">
      <Button onClick={() => void signOut()}>Sign out</Button>
      <span className="sp" />
      <Button kind="ghost" onClick={onClose} autoFocus>
        Close
      </Button>
    </div>
  </Dialog>
);
