import './x509.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import * as x509 from '@peculiar/x509';
import { toBase64Url } from '../encoding.ts';
import { thumbprintOf } from '../proof/identity-key.ts';
import { parseCertificate, spkiToJwk } from './x509.ts';

/** What a certificate says. Nothing in here is verified but its form: see `isIssuedBy`. */
export interface CertificateFacts {
  readonly commonName: string | undefined;
  /** Hexadecimal. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** `sha256:` and base64url of the SHA-256 of its DER form. */
  readonly fingerprint: string;
  readonly isCa: boolean;
  /** Host names, addresses and URIs. */
  readonly names: readonly string[];
  /** Of an agent's certificate, from its URI. */
  readonly agent: { readonly siteId: string; readonly agentId: string } | undefined;
  /** RFC 7638 thumbprint of its key; undefined for another kind than P-256. */
  readonly thumbprint: string | undefined;
}

const agentForm = /^fortfail:\/\/([A-Za-z0-9._-]{1,64})\/agent\/(agt_[0-9a-f]{16})$/;

/** Reads the first certificate of a PEM text. Kind `invalid-input`. */
export function readCertificate(pem: string): CertificateFacts {
  const certificate = parseCertificate(pem);
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.map((name) => name.value) ?? [];
  const [agent] = names.flatMap((name) => {
    const [, siteId, agentId] = agentForm.exec(name) ?? [];
    return siteId === undefined || agentId === undefined ? [] : [{ siteId, agentId }];
  });
  const jwk = spkiToJwk(new Uint8Array(certificate.publicKey.rawData));
  return {
    commonName: certificate.subjectName.getField('CN')[0],
    serial: certificate.serialNumber,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    fingerprint: fingerprintOf(certificate),
    isCa: certificate.getExtension(x509.BasicConstraintsExtension)?.ca ?? false,
    names,
    agent,
    thumbprint: jwk === undefined ? undefined : thumbprintOf(jwk),
  };
}

function fingerprintOf(certificate: x509.X509Certificate): string {
  return `sha256:${toBase64Url(sha256(new Uint8Array(certificate.rawData)))}`;
}

/** How a join string names the site's authority: `sha256:` and base64url of the SHA-256 of its DER form. Kind `invalid-input`. */
export function caFingerprint(pem: string): string {
  return fingerprintOf(parseCertificate(pem));
}

/** True when this authority's key signed the certificate and both are valid at `now`. Kind `invalid-input` for malformed PEM. */
export async function isIssuedBy(pem: string, caPem: string, now: Date): Promise<boolean> {
  const certificate = parseCertificate(pem);
  const ca = parseCertificate(caPem);
  const isInTime = [certificate, ca].every((one) => one.notBefore.getTime() <= now.getTime() && now.getTime() < one.notAfter.getTime());
  if (!isInTime || certificate.issuer !== ca.subject || ca.getExtension(x509.BasicConstraintsExtension)?.ca !== true) return false;
  try {
    return await certificate.verify({ publicKey: ca.publicKey, signatureOnly: true }, globalThis.crypto);
  } catch {
    // A signature by a kind of key that the library does not know is none by this authority.
    return false;
  }
}
