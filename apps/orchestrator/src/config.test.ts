import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSiteCa } from '@fortfail/trust/certificates';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

describe('the configuration', () => {
  it('has defaults for everything', () => {
    const config = readConfig({}, true);
    expect(config).toMatchObject({
      dataFolder: '/var/lib/fortfail',
      port: 8000,
      host: undefined,
      databaseUrl: undefined,
      auditPath: '/var/lib/fortfail/audit.log',
      logLevel: 'info',
    });
    expect(readConfig({ XDG_DATA_HOME: '/home/ann/.data' }, false).dataFolder).toBe('/home/ann/.data/fortfail');
  });

  it('refuses a database address that is none, without repeating it', () => {
    for (const url of ['postgres://u:hunter2@localhost:99999/x', 'postgresql://u:hunter2@[bad/x']) {
      const message = messageOf(() => readConfig({ DATABASE_URL: url }, true));
      expect(message).toContain('DATABASE_URL');
      expect(message).not.toContain('hunter2');
    }
    const socket = 'postgresql://postgres@localhost/name?host=%2Ftmp%2Fff';
    expect(readConfig({ DATABASE_URL: socket }, true).databaseUrl?.reveal()).toBe(socket);
  });

  it('lists all faults together, each with its variable and never with a secret', () => {
    const environment = {
      PORT: '99999',
      HOST: '192.0.2.1',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://root:hunter2@db',
      TLS_CERT_FILE: '/none',
      PUBLIC_URL: 'ff.example',
    };
    const message = messageOf(() => readConfig(environment, true));
    for (const variable of ['PORT', 'LOG_LEVEL', 'DATABASE_URL', 'TLS_KEY_FILE', 'PUBLIC_URL', 'HOST']) expect(message).toContain(variable);
    expect(message).not.toContain('hunter2');
  });

  it('refuses a host beyond loopback without TLS unless told so', () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'db.example']) {
      expect(() => readConfig({ HOST: host }, true)).toThrow('there is no TLS');
      expect(readConfig({ HOST: host, ALLOW_PLAIN_HTTP: '1' }, true).host).toBe(host);
    }
    for (const host of ['127.0.0.1', '::1', '127.0.0.2']) expect(readConfig({ HOST: host }, true).host).toBe(host);
    expect(readConfig({ HOST: 'localhost' }, true).host).toBeUndefined();
  });

  it('reads secrets from files as well, and refuses both at once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ff-config-'));
    const file = join(folder, 'url');
    writeFileSync(file, 'postgresql://ff:secret@db/ff\n');
    expect(readConfig({ DATABASE_URL_FILE: file }, true).databaseUrl?.reveal()).toBe('postgresql://ff:secret@db/ff');
    expect(() => readConfig({ DATABASE_URL_FILE: file, DATABASE_URL: 'postgresql://x' }, true)).toThrow('both set');
    expect(() => readConfig({ DATABASE_URL_FILE: join(folder, 'none') }, true)).toThrow('cannot be read (ENOENT)');
    rmSync(folder, { recursive: true });
  });

  it('never leaves out TLS that was asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ff-config-'));
    const ca = await createSiteCa({ siteId: 's', now: new Date(0) });
    const other = await createSiteCa({ siteId: 's', now: new Date(0) });
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [cert, key, foreign] = [write('cert', ca.certificate), write('key', ca.privateKey), write('foreign', other.privateKey)];
    expect(() => readConfig({ TLS_ENABLED: 'true' }, true)).toThrow('TLS_CERT_FILE and TLS_KEY_FILE must be set together');
    expect(() => readConfig({ TLS_CERT_FILE: cert, TLS_KEY_FILE: join(folder, 'none') }, true)).toThrow('cannot be read (ENOENT)');
    expect(() => readConfig({ TLS_CERT_FILE: cert, TLS_KEY_FILE: foreign }, true)).toThrow('cannot be used together');
    expect(() => readConfig({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CA_FILE: key }, true)).toThrow('holds no certificate');
    expect(() => readConfig({ TLS_ENABLED: 'maybe' }, true)).toThrow('TLS_ENABLED must be true or false');
    expect(() => readConfig({ TLS_ENABLED: 'false', TLS_CERT_FILE: cert, TLS_KEY_FILE: key, HOST: '0.0.0.0' }, true)).toThrow(
      'there is no TLS',
    );
    const config = readConfig({ TLS_ENABLED: 'true', TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_CA_FILE: cert, HOST: '0.0.0.0' }, true);
    expect([config.tls?.certFile, config.tlsCa]).toEqual([cert, ca.certificate]);
    expect(readConfig({ TLS_ENABLED: 'false', TLS_CERT_FILE: cert, TLS_KEY_FILE: key }, true).tls).toBeUndefined();
    rmSync(folder, { recursive: true });
  });

  it('believes proxies by address only', () => {
    expect(readConfig({ TRUSTED_PROXIES: '10.0.0.1, 192.168.0.0/16,::1' }, true).trustedProxies).toEqual([
      '10.0.0.1',
      '192.168.0.0/16',
      '::1',
    ]);
    expect(readConfig({}, true).trustedProxies).toEqual([]);
    for (const bad of ['proxy.example', '10.0.0.1/33', '10.0.0.1/8/8', '*'])
      expect(() => readConfig({ TRUSTED_PROXIES: bad }, true)).toThrow('TRUSTED_PROXIES');
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return '';
}
