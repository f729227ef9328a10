import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { FortFailError } from '@fortfail/base';
import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IdentityKey } from '../proof/identity-key.ts';
import {
  type CertificateAndKey,
  caFingerprint,
  createSiteCa,
  isIssuedBy,
  issueAgentCertificate,
  issueServerCertificate,
  makeCsr,
  readCertificate,
  readCsr,
} from './index.ts';
import { privateKeyPem } from './x509.ts';

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
if (!hasOpenssl) process.stderr.write('skipped: openssl is not installed, so it could not judge certificates\n');

const now = new Date();
const dayMs = 86_400_000;
const agent = { siteId: 'sit_0123456789abcdef', agentId: 'agt_0123456789abcdef', now };
const invalid = (code: string) => expect.objectContaining({ kind: 'invalid-input', code });
let folder = '';
let ca: CertificateAndKey;
let server: CertificateAndKey;
let identity: IdentityKey;
let certificate = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fortfail-x509-'));
  ca = await createSiteCa({ siteId: agent.siteId, now });
  server = await issueServerCertificate(ca, { names: ['ff.example', 'localhost', '127.0.0.1', '::1'], now });
  identity = await IdentityKey.generate();
  certificate = await issueAgentCertificate(ca, await makeCsr(identity, 'web1"; rm -rf'), agent);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function openssl(args: readonly string[]): string {
  const done = spawnSync('openssl', args, { encoding: 'utf8', cwd: folder });
  return `${done.status} ${done.stdout}${done.stderr}`;
}
function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return name;
}

describe('a certificate of a site', () => {
  test.skipIf(!hasOpenssl)('is taken by stock openssl for its purpose only, by its authority only', async () => {
    const strict = ['verify', '-x509_strict', '-CAfile', put('ca.pem', ca.certificate)];
    put('agent.pem', certificate);
    put('server.pem', server.certificate);
    expect(openssl([...strict, '-purpose', 'sslclient', 'agent.pem'])).toContain('0 agent.pem: OK');
    expect(openssl([...strict, '-purpose', 'sslserver', 'agent.pem'])).not.toContain('OK');
    expect(openssl([...strict, '-purpose', 'sslserver', '-verify_hostname', 'ff.example', 'server.pem'])).toContain('0 server.pem: OK');
    expect(openssl([...strict, '-purpose', 'sslserver', '-verify_ip', '::1', 'server.pem'])).toContain('0 server.pem: OK');
    expect(openssl([...strict, '-purpose', 'sslserver', '-verify_hostname', 'other.example', 'server.pem'])).not.toContain('OK');
    const other = await createSiteCa({ siteId: agent.siteId, now });
    expect(openssl(['verify', '-CAfile', put('other.pem', other.certificate), 'agent.pem'])).not.toContain('OK');
    expect(openssl(['req', '-verify', '-noout', '-in', put('csr.pem', await makeCsr(identity, 'web1'))])).toMatch(/verify OK/i);
  });

  test('carries a mutual TLS 1.3 handshake', async () => {
    const key = await privateKeyPem(identity.cryptoKeys.privateKey);
    const seen = await handshake({ cert: certificate, key });
    expect(seen).toMatchObject({ protocol: 'TLSv1.3', authorized: true, commonName: agent.agentId });
    const stranger = await createSiteCa({ siteId: agent.siteId, now });
    const forged = await issueAgentCertificate(stranger, await makeCsr(identity, 'x'), agent);
    expect(await handshake({ cert: forged, key })).toMatchObject({ authorized: false });
  });

  test('says of an agent only what the site says', () => {
    const facts = readCertificate(certificate);
    expect(facts).toMatchObject({
      commonName: agent.agentId,
      agent: { siteId: agent.siteId, agentId: agent.agentId },
      names: [`fortfail://${agent.siteId}/agent/${agent.agentId}`],
      thumbprint: identity.thumbprint,
      isCa: false,
    });
    expect(Math.round((facts.notAfter.getTime() - now.getTime()) / dayMs)).toBe(30);
    const stock = new X509Certificate(certificate);
    expect(stock.serialNumber.toLowerCase()).toBe(facts.serial);
    expect(stock.subject).toBe(`CN=${agent.agentId}`);
    expect(facts.fingerprint).toBe(`sha256:${createHash('sha256').update(stock.raw).digest('base64url')}`);
  });

  test('of the authority lasts ten years and signs no further authority', () => {
    const facts = readCertificate(ca.certificate);
    expect(facts.isCa).toBe(true);
    expect(Math.round((facts.notAfter.getTime() - now.getTime()) / dayMs / 365.25)).toBe(10);
    expect(caFingerprint(ca.certificate)).toBe(facts.fingerprint);
    expect(readCertificate(server.certificate).names).toEqual(['ff.example', 'localhost', '127.0.0.1', '::1']);
  });

  test('never outlives its authority, and none is issued after that', async () => {
    const old = await createSiteCa({ siteId: 'sit_old', now: new Date(now.getTime() - 9.99 * 365.25 * dayMs) });
    const late = await issueServerCertificate(old, { names: ['localhost'], now });
    expect(readCertificate(late.certificate).notAfter).toEqual(readCertificate(old.certificate).notAfter);
    const after = new Date(now.getTime() + 30 * dayMs);
    await expect(issueServerCertificate(old, { names: ['localhost'], now: after })).rejects.toThrow(invalid('ca-expired'));
  });

  test('is known as issued here while it is valid, and not otherwise', async () => {
    expect(await isIssuedBy(certificate, ca.certificate, now)).toBe(true);
    expect(await isIssuedBy(certificate, ca.certificate, new Date(now.getTime() + 31 * dayMs))).toBe(false);
    const other = await createSiteCa({ siteId: agent.siteId, now });
    expect(await isIssuedBy(certificate, other.certificate, now)).toBe(false);
    expect(await isIssuedBy(certificate, server.certificate, now)).toBe(false);
  });

  test('is not issued by a key of another authority', async () => {
    const other = await createSiteCa({ siteId: agent.siteId, now });
    const mixed = { certificate: ca.certificate, privateKey: other.privateKey };
    await expect(issueServerCertificate(mixed, { names: ['localhost'], now })).rejects.toThrow(invalid('ca-key'));
    await expect(issueServerCertificate({ ...ca, privateKey: 'junk' }, { names: ['a'], now })).rejects.toThrow(
      invalid('private-key-malformed'),
    );
  });

  test('is not issued for malformed names, days and ids', async () => {
    for (const names of [[], ['a b'], ['*'], ['a\0b'], ['x'.repeat(300)], ['-a'], ['999.1.1.1'], [':::::']]) {
      await expect(issueServerCertificate(ca, { names, now })).rejects.toThrow(invalid('certificate-names'));
    }
    const csr = await makeCsr(identity, 'x');
    await expect(issueAgentCertificate(ca, csr, { ...agent, days: 0 })).rejects.toThrow(invalid('certificate-days'));
    await expect(issueAgentCertificate(ca, csr, { ...agent, days: 4000 })).rejects.toThrow(invalid('certificate-days'));
    await expect(issueAgentCertificate(ca, csr, { ...agent, agentId: 'agt_../x' })).rejects.toThrow(invalid('certificate-agent'));
    await expect(issueAgentCertificate(ca, csr, { ...agent, siteId: 'a/b' })).rejects.toThrow(invalid('certificate-agent'));
  });
});

describe('a certificate request', () => {
  test('tells whose key it is for', async () => {
    expect((await readCsr(await makeCsr(identity, ''))).thumbprint).toBe(identity.thumbprint);
  });

  test('is refused with any one byte changed, cut, or as something else', async () => {
    const csr = await makeCsr(identity, 'web1');
    const der = Buffer.from(csr.split('\n').slice(1, -2).join(''), 'base64');
    // A sequence of less than 256 bytes around one of less than 128.
    const signedStart = 3;
    const signedEnd = signedStart + 2 + (der[4] ?? 0);
    const isRefusedOrSame = (read: unknown) => read === true || (read as { thumbprint: string }).thumbprint === identity.thumbprint;
    for (let at = 0; at < der.length; at += 1) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
      const read = await readCsr(pem).catch((error: unknown) => error);
      // Lengths around the signed part may be misspelled: what is signed stays what it was.
      if (at >= signedEnd || at < signedStart) expect(read instanceof FortFailError || read).toSatisfy(isRefusedOrSame);
      else expect(read).toMatchObject({ kind: 'invalid-input', code: 'csr-malformed' });
    }
    for (const junk of ['', certificate, csr.slice(0, 100), 'x'.repeat(100_000), ca.privateKey]) {
      await expect(readCsr(junk)).rejects.toThrow(invalid('csr-malformed'));
      expect(() => readCertificate(junk === certificate ? csr : junk)).toThrow(invalid('certificate-malformed'));
    }
  });

  test.skipIf(!hasOpenssl)('over another curve or RSA is refused', async () => {
    for (const key of [
      ['-newkey', 'rsa:2048'],
      ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
      ['-newkey', 'ed25519'],
    ]) {
      openssl(['req', '-new', '-nodes', ...key, '-keyout', 'other.key', '-subj', '/CN=x', '-out', 'other.csr']);
      const pem = spawnSync('cat', [join(folder, 'other.csr')], { encoding: 'utf8' }).stdout;
      expect(pem).toContain('BEGIN CERTIFICATE REQUEST');
      await expect(readCsr(pem)).rejects.toThrow(invalid('csr-malformed'));
    }
  });
});

test('a key that is not P-256 is no authority', async () => {
  const { privateKey } = await generateKeyPair('ES384', { extractable: true });
  const wrong = { certificate: ca.certificate, privateKey: await privateKeyPem(privateKey) };
  await expect(issueServerCertificate(wrong, { names: ['a'], now })).rejects.toThrow(expect.objectContaining({ kind: 'invalid-input' }));
});

async function handshake(client: { cert: string; key: string }) {
  const seen = Promise.withResolvers<{ protocol: string | null; authorized: boolean; commonName: string | undefined }>();
  const listener = createServer({
    cert: server.certificate,
    key: server.privateKey,
    ca: ca.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  });
  listener.on('secureConnection', (socket: TLSSocket) => {
    const commonName = [socket.getPeerCertificate().subject?.CN].flat()[0];
    seen.resolve({ protocol: socket.getProtocol(), authorized: socket.authorized, commonName });
    socket.end();
  });
  listener.on('tlsClientError', seen.reject);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', servername: 'ff.example', ca: ca.certificate, ...client });
  socket.on('error', seen.reject);
  try {
    return await seen.promise;
  } finally {
    socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  }
}
