import { resolve } from 'node:path';
import { isFortFailError } from '@fortfail/base';
import { readCertificate } from '@fortfail/trust/certificates';
import type { OwnTls } from './exposure.ts';
import { checkMaterial } from './tls-material.ts';

type Name = 'TLS_CERT_FILE' | 'TLS_KEY_FILE' | 'TLS_CA_FILE' | 'TLS_ENABLED';
type ReadFile = (variable: string, path: string, faults: string[]) => Buffer | undefined;

const yes: ReadonlySet<string> = new Set(['1', 'true', 'yes', 'on']);
const no: ReadonlySet<string> = new Set(['0', 'false', 'no', 'off']);

/**
 * The certificate that somebody brought, by the first API's variables. What is named and cannot be used is a fault that ends
 * the start: TLS that was asked for is never left out.
 */
export function readTls(
  get: (name: Name) => string | undefined,
  faults: string[],
  readFile: ReadFile,
): { readonly own: OwnTls; readonly ca: string | undefined } | undefined {
  const enabled = get('TLS_ENABLED')?.toLowerCase();
  if (enabled !== undefined && !yes.has(enabled) && !no.has(enabled)) faults.push('TLS_ENABLED must be true or false');
  if (enabled !== undefined && no.has(enabled)) return undefined;
  const [certFile, keyFile, caFile] = [get('TLS_CERT_FILE'), get('TLS_KEY_FILE'), get('TLS_CA_FILE')];
  if (certFile === undefined && keyFile === undefined && enabled === undefined) {
    if (caFile !== undefined) faults.push('TLS_CA_FILE means nothing without TLS_CERT_FILE and TLS_KEY_FILE');
    return undefined;
  }
  if (certFile === undefined || keyFile === undefined) {
    faults.push(`TLS_CERT_FILE and TLS_KEY_FILE must be set together${enabled === undefined ? '' : ', since TLS_ENABLED is set'}`);
    return undefined;
  }
  const cert = readFile('TLS_CERT_FILE', certFile, faults);
  const key = readFile('TLS_KEY_FILE', keyFile, faults);
  const ca = caFile === undefined ? undefined : readFile('TLS_CA_FILE', caFile, faults)?.toString();
  if (ca !== undefined) check(faults, () => void readCertificate(ca), `TLS_CA_FILE names '${caFile}', which holds no certificate`);
  if (cert === undefined || key === undefined) return undefined;
  const where = `'${certFile}' and '${keyFile}'`;
  check(faults, () => checkMaterial({ cert, key }, where), `TLS_CERT_FILE and TLS_KEY_FILE name ${where}, which cannot be used together`);
  return { own: { certFile: resolve(certFile), keyFile: resolve(keyFile), cert, key }, ca };
}

function check(faults: string[], work: () => void, fault: string): void {
  try {
    work();
  } catch (error) {
    if (!isFortFailError(error, 'invalid-input')) throw error;
    faults.push(fault);
  }
}
