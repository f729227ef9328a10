import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { FortFailError } from '@fortfail/base';

/** What a TLS door shows, and whose client certificates it knows. */
export interface TlsMaterial {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** PEM of the authority of agents' certificates; undefined: none is asked for. */
  readonly clientCa?: string | undefined;
}

/** Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
  'DHE+AESGCM',
  'DHE+CHACHA20',
  '!aNULL',
  '!eNULL',
].join(':');

const handshakeMs = 10_000;

export function secureContext(material: TlsMaterial): SecureContextOptions {
  return {
    cert: material.cert,
    key: material.key,
    ...(material.clientCa === undefined ? {} : { ca: material.clientCa }),
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
  };
}

/** Client certificates are asked for, never demanded: whoever has none proves itself otherwise, and a wrong one is refused later. */
export function tlsOptions(material: TlsMaterial): TlsOptions {
  const asks = material.clientCa !== undefined;
  return { ...secureContext(material), handshakeTimeout: handshakeMs, requestCert: asks, rejectUnauthorized: false };
}

/** Throws `invalid-input` for a certificate and a key that cannot be used together: better no start than no TLS. */
export function checkMaterial(material: TlsMaterial, where: string): void {
  try {
    createSecureContext(secureContext(material));
    if (new X509Certificate(material.cert).checkPrivateKey(createPrivateKey(material.key))) return;
  } catch (cause) {
    throw unusable(where, cause);
  }
  throw unusable(where);
}

function unusable(where: string, cause?: unknown): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'bad-tls-material',
    message: `unable to speak TLS with ${where}`,
    hint: 'They must be PEM, and the key must be the one of the certificate.',
    cause,
  });
}
