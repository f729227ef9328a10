import { type ErrorKind, FortFailError, type Secret } from '@fortfail/base';

export interface VaultAccess {
  readonly address: string | undefined;
  readonly token: Secret | undefined;
  readonly mount: string;
}

const patienceMs = 10_000;

/**
 * What `path:field` (field default `value`) names in HashiCorp Vault: its key-value engine in version 2, else in version 1.
 * Throws `invalid-input`, `denied`, `not-found` or `unavailable`, naming the variable and never the value.
 */
export async function readVaultSecret(access: VaultAccess, variable: string, reference: string): Promise<string> {
  const { address, token, mount } = access;
  if (address === undefined || token === undefined)
    throw lookupError('invalid-input', variable, 'SECRETS_BACKEND=vault needs VAULT_ADDR and VAULT_TOKEN');
  const [path = '', field = 'value'] = reference.split(':');
  if (!/^[A-Za-z0-9_./-]+$/.test(path) || path.includes('..') || reference.split(':').length > 2)
    throw lookupError('invalid-input', variable, 'its reference must look like path:field');
  const base = `${address.replace(/\/+$/, '')}/v1/${mount}`;
  const second = await ask(`${base}/data/${path}`, token, variable);
  const fields = second === undefined ? await ask(`${base}/${path}`, token, variable) : (second.data as Json | undefined);
  const value = fields?.[field];
  if (typeof value === 'string') return value;
  throw lookupError('not-found', variable, `Vault has no field '${field}' there`);
}

type Json = Readonly<Record<string, unknown>>;

async function ask(url: string, token: Secret, variable: string): Promise<Json | undefined> {
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, {
      headers: { 'x-vault-token': token.reveal() },
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    });
    status = answer.status;
    text = await answer.text();
  } catch (cause) {
    throw lookupError('unavailable', variable, 'Vault does not answer', cause);
  }
  if (status === 404) return undefined;
  if (status === 401 || status === 403) throw lookupError('denied', variable, 'Vault refuses this token');
  if (status !== 200) throw lookupError('unavailable', variable, `Vault answers with status ${status}`);
  try {
    return (JSON.parse(text) as { data?: Json }).data ?? {};
  } catch (cause) {
    throw lookupError('unavailable', variable, 'Vault answers with something that is no JSON', cause);
  }
}

/** Why a reference led nowhere. */
export function lookupError(kind: ErrorKind, variable: string, why: string, cause?: unknown): FortFailError {
  return new FortFailError({
    kind,
    code: 'secret-lookup',
    message: `unable to look up ${variable}: ${why}`,
    hint: 'Nothing was started: a missing secret never falls back to another one.',
    cause,
  });
}
