import type { Me } from '@fortfail/protocol';
import { call } from './call.ts';

/** Whether this browser can use passkeys here at all: it must be new enough, and the origin secure or localhost. */
export const hasPasskeys = (): boolean =>
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

const toJson = (credential: Credential | null): Record<string, unknown> => {
  if (!(credential instanceof PublicKeyCredential)) throw new DOMException('No passkey was given.', 'NotAllowedError');
  return { ...(credential.toJSON() as object) };
};

/** Signs in by a passkey the browser knows for this address. */
export const signInWithPasskey = async (): Promise<Me> => {
  const options = await call('passkeyOptions');
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as unknown as PublicKeyCredentialRequestOptionsJSON);
  return call('signInWithPasskey', { body: toJson(await navigator.credentials.get({ publicKey })) });
};

/** Makes a passkey for whoever is signed in. */
export const addPasskey = async (name: string): Promise<Me> => {
  const options = await call('newPasskeyOptions');
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  return call('addPasskey', { body: { name, credential: toJson(await navigator.credentials.create({ publicKey })) } });
};
