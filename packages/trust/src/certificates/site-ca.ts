import './x509.ts';
import * as x509 from '@peculiar/x509';
import { invalid } from '../refusal.ts';
import { verifiedRequest } from './csr.ts';
import {
  type CertificateAndKey,
  certificatePem,
  generateKeys,
  importPrivateKey,
  p256Algorithm,
  parseCertificate,
  privateKeyPem,
  serialNumber,
  wholeSecond,
} from './x509.ts';

const dayMs = 86_400_000;
/** Certificates are valid from this long ago, for machines whose clocks are behind. */
const leewayMs = dayMs;

const keyUsage = x509.KeyUsageFlags;

/** A new certificate authority of one site, for ten years unless said otherwise. It signs end certificates only. */
export async function createSiteCa(facts: {
  readonly siteId: string;
  readonly now: Date;
  readonly years?: number;
}): Promise<CertificateAndKey> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: [{ O: ['FortFail'] }, { CN: [`FortFail site ${facts.siteId}`.slice(0, 64)] }],
      notBefore: wholeSecond(facts.now.getTime() - leewayMs),
      notAfter: wholeSecond(facts.now.getTime() + (facts.years ?? 10) * 365.25 * dayMs),
      signingAlgorithm: p256Algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(keyUsage.keyCertSign | keyUsage.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, globalThis.crypto),
      ],
    },
    globalThis.crypto,
  );
  return { certificate: certificatePem(certificate), privateKey: await privateKeyPem(keys.privateKey) };
}

/** What an end certificate says. */
interface Leaf {
  readonly commonName: string;
  readonly names: x509.SubjectAlternativeNameExtension | undefined;
  readonly usage: string;
  readonly publicKey: x509.PublicKeyType;
  readonly now: Date;
  readonly days: number;
}

async function issue(ca: CertificateAndKey, leaf: Leaf): Promise<string> {
  if (!(leaf.days > 0 && leaf.days <= 400))
    throw invalid('certificate-days', `unable to issue a certificate for ${leaf.days} days`, 'Use 1 to 400.');
  const issuer = parseCertificate(ca.certificate);
  const signingKey = await importPrivateKey(ca.privateKey);
  const until = Math.min(leaf.now.getTime() + leaf.days * dayMs, issuer.notAfter.getTime());
  if (until <= leaf.now.getTime()) {
    throw invalid(
      'ca-expired',
      "unable to issue a certificate by this site's authority, which has expired",
      'Make a new one with `fortfail expose`.',
    );
  }
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      issuer: issuer.subjectName.toJSON(),
      subject: [{ CN: [leaf.commonName.slice(0, 64)] }],
      notBefore: wholeSecond(Math.max(leaf.now.getTime() - leewayMs, issuer.notBefore.getTime())),
      notAfter: wholeSecond(until),
      signingAlgorithm: p256Algorithm,
      publicKey: leaf.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(keyUsage.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([leaf.usage]),
        ...(leaf.names === undefined ? [] : [leaf.names]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, globalThis.crypto),
        await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey, false, globalThis.crypto),
      ],
    },
    globalThis.crypto,
  );
  if (!(await certificate.verify({ publicKey: issuer.publicKey, signatureOnly: true }, globalThis.crypto))) {
    throw invalid(
      'ca-key',
      'unable to issue a certificate with a key that is not the one of the authority',
      'ca.key and ca.pem must be of one pair.',
    );
  }
  return certificatePem(certificate);
}

function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || (name.includes(':') && /^[0-9a-fA-F:.]+$/.test(name));
}

const hostName = /^(\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/;

/**
 * A TLS certificate of a server with a fresh key; `names` are host names and addresses, the first one is its common name.
 * 90 days unless said otherwise, and never longer than its authority. Kind `invalid-input`.
 */
export async function issueServerCertificate(
  ca: CertificateAndKey,
  facts: { readonly names: readonly string[]; readonly now: Date; readonly days?: number },
): Promise<CertificateAndKey> {
  const [commonName] = facts.names;
  if (commonName === undefined) throw invalid('certificate-names', 'unable to issue a certificate for no name');
  const names = facts.names.map((name) => {
    if (isAddress(name)) return { type: 'ip' as const, value: name };
    if (name.length > 253 || !hostName.test(name))
      throw invalid('certificate-names', `unable to issue a certificate for the name '${name}'`);
    return { type: 'dns' as const, value: name };
  });
  const keys = await generateKeys();
  const certificate = await issue(ca, {
    commonName,
    names: namesExtension(names),
    usage: x509.ExtendedKeyUsage.serverAuth,
    publicKey: keys.publicKey,
    now: facts.now,
    days: facts.days ?? 90,
  });
  return { certificate, privateKey: await privateKeyPem(keys.privateKey) };
}

function namesExtension(names: x509.JsonGeneralNames): x509.SubjectAlternativeNameExtension {
  try {
    return new x509.SubjectAlternativeNameExtension(names);
  } catch (error) {
    throw invalid('certificate-names', 'unable to issue a certificate for these names', undefined, error);
  }
}

/** The name an agent's certificate carries. */
export function agentUri(siteId: string, agentId: string): string {
  return `fortfail://${siteId}/agent/${agentId}`;
}

/**
 * An agent's certificate (client authentication) over the key of its request. Subject and names of the request are ignored:
 * what it says is only `fortfail://<site>/agent/<id>`. Kind `invalid-input` for a request that is malformed or not signed by
 * its own key.
 */
export async function issueAgentCertificate(
  ca: CertificateAndKey,
  csrPem: string,
  facts: { readonly siteId: string; readonly agentId: string; readonly now: Date; readonly days?: number },
): Promise<string> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(facts.siteId) || !/^agt_[0-9a-f]{16}$/.test(facts.agentId)) {
    throw invalid('certificate-agent', 'unable to issue a certificate for a malformed agent id');
  }
  const { publicKey } = await verifiedRequest(csrPem);
  return await issue(ca, {
    commonName: facts.agentId,
    names: namesExtension([{ type: 'url', value: agentUri(facts.siteId, facts.agentId) }]),
    usage: x509.ExtendedKeyUsage.clientAuth,
    publicKey,
    now: facts.now,
    days: facts.days ?? 30,
  });
}
