import './x509.ts';
import * as x509 from '@peculiar/x509';
import { type IdentityKey, jwkThumbprint, type P256PublicJwk } from '../proof/identity-key.ts';
import { invalid } from '../refusal.ts';
import { p256Algorithm, spkiToJwk } from './x509.ts';

const longest = 8192;
const malformed = (cause?: unknown) =>
  invalid('csr-malformed', 'unable to read a certificate request', 'It must be PKCS#10 in PEM over a P-256 key.', cause);

/** A PKCS#10 request (PEM) by an agent's identity key. The name is for people: the site writes its own. */
export async function makeCsr(identity: IdentityKey, commonName: string): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ CN: [commonName.slice(0, 64) || 'agent'] }],
      keys: { privateKey: identity.cryptoKeys.privateKey, publicKey: identity.cryptoKeys.publicKey },
      signingAlgorithm: p256Algorithm,
    },
    globalThis.crypto,
  );
  return `${request.toString('pem')}\n`;
}

/** A request whose signature is by the key inside it, so that whoever asks has that key. Kind `invalid-input`. */
export async function verifiedRequest(pem: string): Promise<{ readonly publicKey: x509.PublicKey; readonly jwk: P256PublicJwk }> {
  if (pem.length > longest) throw malformed();
  try {
    const [block] = x509.PemConverter.decodeWithHeaders(pem);
    if (block?.type !== 'CERTIFICATE REQUEST') throw malformed();
    const request = new x509.Pkcs10CertificateRequest(block.rawData);
    const jwk = spkiToJwk(new Uint8Array(request.publicKey.rawData));
    if (jwk === undefined || !(await request.verify(globalThis.crypto))) throw malformed();
    return { publicKey: request.publicKey, jwk };
  } catch (error) {
    throw malformed(error);
  }
}

/** Whose key a request is for: its RFC 7638 thumbprint, as request proofs name it. Kind `invalid-input`. */
export async function readCsr(pem: string): Promise<{ readonly thumbprint: string; readonly publicJwk: P256PublicJwk }> {
  const { jwk } = await verifiedRequest(pem);
  return { thumbprint: await jwkThumbprint(jwk), publicJwk: jwk };
}
