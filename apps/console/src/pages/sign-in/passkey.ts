import type { Me } from '@fortfail/protocol';
import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser';
import { call } from '../../api/call.ts';

/** Whether this browser can use passkeys here at all: they need a secure origin or localhost. */
export const hasPasskeys = (): boolean => typeof PublicKeyCredential === 'function';

/** Signs in by a passkey the browser knows for this address. */
export const signInWithPasskey = async (): Promise<Me> => {
  const { startAuthentication } = await import('@simplewebauthn/browser');
  const options = await call('passkeyOptions');
  const credential = await startAuthentication({ optionsJSON: options as unknown as PublicKeyCredentialRequestOptionsJSON });
  return call('signInWithPasskey', { body: { ...credential } });
};

/** Makes a passkey for whoever is signed in. */
export const addPasskey = async (name: string): Promise<Me> => {
  const { startRegistration } = await import('@simplewebauthn/browser');
  const options = await call('newPasskeyOptions');
  const credential = await startRegistration({ optionsJSON: options as unknown as PublicKeyCredentialCreationOptionsJSON });
  return call('addPasskey', { body: { name, credential: { ...credential } } });
};
