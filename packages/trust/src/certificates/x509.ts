// Must come first: the decorators of the certificate library need it.
import 'reflect-metadata';
import { toHex } from '@fortfail/base';
import * as x509 from '@peculiar/x509';
import { importPKCS8 } from 'jose';
import { equalBytes, toBase64Url } from '../encoding.ts';
import { type P256PublicJwk, p256PublicJwk } from '../proof/identity-key.ts';
import { invalid } from '../refusal.ts';

export const p256Algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** SubjectPublicKeyInfo of every P-256 key begins so; 64 bytes of x and y follow. */
const spkiPrefix = Uint8Array.from([
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
  0x03, 0x42, 0x00, 0x04,
]);
const longestPem = 16_384;

/** A certificate and its private key, both PEM (PKCS#8). The key is secret. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Certificates hold whole seconds; this is also never rounded up. */
export function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** 127 random bits: positive, and never seen before. */
export function serialNumber(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return toHex(bytes);
}

export async function generateKeys() {
  return await globalThis.crypto.subtle.generateKey(p256Algorithm, true, ['sign', 'verify']);
}

export async function privateKeyPem(key: Parameters<typeof globalThis.crypto.subtle.exportKey>[1]): Promise<string> {
  return `${x509.PemConverter.encode(await globalThis.crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** A P-256 private key from PKCS#8 PEM. Kind `invalid-input`. */
export async function importPrivateKey(pem: string) {
  try {
    return await importPKCS8(pem.trim(), 'ES256');
  } catch (error) {
    throw invalid('private-key-malformed', 'unable to read a private key', 'It must be a P-256 key in PKCS#8 PEM.', error);
  }
}

/** The P-256 key in a SubjectPublicKeyInfo; undefined for any other kind of key. */
export function spkiToJwk(spki: Uint8Array): P256PublicJwk | undefined {
  if (spki.length !== spkiPrefix.length + 64 || !equalBytes(spki.subarray(0, spkiPrefix.length), spkiPrefix)) return undefined;
  const x = toBase64Url(spki.slice(spkiPrefix.length, spkiPrefix.length + 32));
  const y = toBase64Url(spki.slice(spkiPrefix.length + 32));
  return p256PublicJwk.parse({ kty: 'EC', crv: 'P-256', x, y });
}

/** A certificate from PEM: the first one of a chain. Kind `invalid-input`. */
export function parseCertificate(pem: string): x509.X509Certificate {
  try {
    const [block] = pem.length > longestPem ? [] : x509.PemConverter.decodeWithHeaders(pem);
    if (block === undefined || block.type !== 'CERTIFICATE') throw malformedCertificate();
    return new x509.X509Certificate(block.rawData);
  } catch (error) {
    throw malformedCertificate(error);
  }
}

function malformedCertificate(cause?: unknown) {
  return invalid('certificate-malformed', 'unable to read a certificate', 'It must be X.509 in PEM.', cause);
}

/** PEM with a line feed at its end, as files have it. */
export function certificatePem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
