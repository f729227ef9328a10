import type { Me } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { addPasskey, hasPasskeys } from '../../api/passkey.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { FormError } from './form-error.tsx';

const SHORTEST = 12;

interface SetUpFormProps {
  readonly me: Me;
  readonly onDone: () => void;
}

/** After a one-time link: a name, and a password or a passkey to come back with. */
export const SetUpForm = ({ me, onDone }: SetUpFormProps) => {
  const [name, setName] = useState(me.name);
  const [password, setPassword] = useState('');
  const byPassword = useMutation({
    mutationFn: () => call('changePassword', { body: { name, newPassword: password } }),
    onSuccess: onDone,
  });
  const byPasskey = useMutation({ mutationFn: () => addPasskey(name || 'passkey'), onSuccess: onDone });
  const missing = SHORTEST - [...password].length;
  return (
    <>
      <div>
        <h1>{me.hasPassword || me.passkeys.length > 0 ? 'Set a new way in' : 'Make this console yours'}</h1>
        <p className="sec">The link is used up now. Choose what you will sign in with from here on.</p>
      </div>
      <form
        className="col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (missing <= 0 && name) byPassword.mutate();
        }}
      >
        <div className="fld">
          <label htmlFor="name">Name</label>
          <input
            id="name"
            className="inp"
            autoComplete="username"
            required
            maxLength={64}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="fld">
          <label htmlFor="password">Password</label>
          <input
            id="password"
            className="inp"
            type="password"
            autoComplete="new-password"
            aria-describedby="password-hint"
            maxLength={1024}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <span className="hint" id="password-hint">
            {password === ''
              ? 'At least 12 characters. A few words are easier to keep than signs.'
              : missing > 0
                ? `${missing} more to go`
                : 'Long enough'}
          </span>
        </div>
        <FormError title="The password was not set." error={byPassword.error} />
        <Button kind="primary" type="submit" stop={missing > 0 ? `The password needs ${SHORTEST} characters.` : undefined}>
          Set the password and go on
        </Button>
      </form>
      {hasPasskeys() && (
        <>
          <div className="or">or</div>
          <Button onClick={() => byPasskey.mutate()}>
            <Icon name="key" />
            Use a passkey instead
          </Button>
          <FormError title="The passkey was not added." error={byPasskey.error} />
        </>
      )}
      {(me.hasPassword || me.passkeys.length > 0) && (
        <Button kind="ghost" onClick={onDone}>
          Go on without changing anything
        </Button>
      )}
    </>
  );
};
