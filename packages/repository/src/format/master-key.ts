import type { MasterKey } from '../crypto/master-key.ts';
import { DocumentFields, isFields } from './document-fields.ts';

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

/** The master key document, as it lies sealed inside every key slot. */
export function encodeMasterKey(key: MasterKey): Buffer {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return Buffer.from(`{"mac":{"k":"${base64(key.macK)}","r":"${base64(key.macR)}"},"encrypt":"${base64(key.encrypt)}"}`);
}

/** Throws `damaged`, also for a half that is all zero. */
export function decodeMasterKey(bytes: Uint8Array): MasterKey {
  const document = new DocumentFields('master key', bytes);
  const mac = document.object('mac');
  if (!isFields(mac) || typeof mac.k !== 'string' || typeof mac.r !== 'string') throw document.fault('its mac key is missing');
  const macK = Buffer.from(mac.k, 'base64');
  const macR = Buffer.from(mac.r, 'base64');
  const encrypt = Buffer.from(document.text('encrypt'), 'base64');
  if (encrypt.length !== 32 || macK.length !== 16 || macR.length !== 16) throw document.fault('a part of it has another length');
  if (isZero(encrypt) || isZero(macK) || isZero(macR)) throw document.fault('a part of it is zero');
  return { encrypt, macK, macR };
}
