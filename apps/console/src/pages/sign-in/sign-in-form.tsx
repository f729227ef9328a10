import type { Me } from '@fortfail/protocol';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { hasPasskeys, signInWithPasskey } from '../../api/passkey.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { FormError } from './form-error.tsx';

interface SignInFormProps {
  readonly site: string;
  readonly isSetUp: boolean;
  readonly linkError: unknown;
  readonly onDone: (me: Me) => void;
}

/** For somebody who has been here before. */
export const SignInForm = ({ site, isSetUp, linkError, onDone }: SignInFormProps) => {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const byPassword = useMutation({ mutationFn: () => call('signInWithPassword', { body: { name, password } }), onSuccess: onDone });
  const byPasskey = useMutation({ mutationFn: signInWithPasskey, onSuccess: onDone });
  return (
    <>
      <div>
        <h1>Sign in to {site}</h1>
        <p className="sec">
          {isSetUp ? (
            'There is no default password.'
          ) : (
            <>
              Nobody has signed in yet. Open the link that was printed at the first start, or print another with{' '}
              <code>fortfail login-link</code>.
            </>
          )}
        </p>
      </div>
      <FormError title="This link does not work." error={linkError} />
      {hasPasskeys() && (
        <>
          <Button kind="primary" onClick={() => byPasskey.mutate()}>
            <Icon name="key" />
            Use a passkey
          </Button>
          <FormError title="The passkey was not accepted." error={byPasskey.error} />
          <div className="or">or</div>
        </>
      )}
      <form
        className="col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          byPassword.mutate();
        }}
      >
        <div className="fld">
          <label htmlFor="name">Name</label>
          <input
            id="name"
            className="inp"
            autoComplete="username"
            required
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
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </div>
        <FormError title="You are not signed in." error={byPassword.error} />
        <Button type="submit" kind={hasPasskeys() ? 'plain' : 'primary'}>
          Sign in with the password
        </Button>
      </form>
    </>
  );
};
