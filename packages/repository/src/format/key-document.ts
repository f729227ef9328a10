import { DocumentFields } from './document-fields.ts';
import { goJsonString } from './go-json.ts';

/** Cost of the password's derivation by scrypt. */
export interface KdfParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** One key slot: the master key, sealed with a key derived from a password. */
export interface KeyDocument extends KdfParameters {
  /** RFC 3339, as stored. */
  readonly created: string;
  readonly username: string;
  readonly hostname: string;
  readonly salt: Buffer;
  /** The sealed master key document. */
  readonly data: Buffer;
}

/** restic refuses any other length. */
const saltBytes = 64;

export function encodeKeyDocument(key: KeyDocument): Buffer {
  const cost = `"kdf":"scrypt","N":${key.N},"r":${key.r},"p":${key.p}`;
  const who = `"username":${goJsonString(key.username)},"hostname":${goJsonString(key.hostname)}`;
  const secret = `"salt":"${key.salt.toString('base64')}","data":"${key.data.toString('base64')}"`;
  return Buffer.from(`{"created":${goJsonString(key.created)},${who},${cost},${secret}}`);
}

/** Throws `damaged`, also for another derivation than scrypt and for costs that are none. */
export function decodeKeyDocument(id: string, bytes: Uint8Array): KeyDocument {
  const document = new DocumentFields(`key '${id}'`, bytes);
  if (document.text('kdf') !== 'scrypt') throw document.fault('its key derivation is not scrypt');
  const cost = { N: document.count('N'), r: document.count('r'), p: document.count('p') };
  const isSoundN = Number.isInteger(cost.N) && cost.N > 1 && Number.isInteger(Math.log2(cost.N));
  const isSound = isSoundN && Number.isInteger(cost.r) && cost.r > 0 && Number.isInteger(cost.p) && cost.p > 0;
  if (!isSound || cost.r * cost.p >= 2 ** 30) throw document.fault('its scrypt parameters are invalid');
  const salt = Buffer.from(document.text('salt'), 'base64');
  if (salt.length !== saltBytes) throw document.fault('its salt has not 64 bytes');
  return {
    ...cost,
    created: document.text('created'),
    username: document.text('username'),
    hostname: document.text('hostname'),
    salt,
    data: Buffer.from(document.text('data'), 'base64'),
  };
}
