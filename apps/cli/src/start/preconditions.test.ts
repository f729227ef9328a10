import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataFolder } from '../client/data-folder.ts';
import { freshFolder } from '../testing/run-cli.ts';
import { requireFreePort, requireSafeHost, requireUnusedData, requireWritableData } from './preconditions.ts';

function listening(where: string | { port: number; host: string }): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  onTestFinished(() => void server.close());
  return new Promise((resolve) =>
    typeof where === 'string' ? server.listen(where, () => resolve(server)) : server.listen(where, () => resolve(server)),
  );
}

const dataIn = (folder: string) => dataFolder(folder, {});

describe('before anything is started', () => {
  it('an unused data folder is made for its owner alone, and left empty', async () => {
    const data = dataIn(join(freshFolder(), 'new', 'data'));
    await requireUnusedData(data);
    await requireWritableData(data);
    expect([statSync(data.path).mode & 0o777, readdirSync(data.path)]).toEqual([0o700, []]);
  });

  it('a data folder that someone answers in is refused', async () => {
    const data = dataIn(freshFolder());
    mkdirSync(join(data.path, 'run'));
    await listening(data.socket);
    await expect(requireUnusedData(data)).rejects.toMatchObject({
      kind: 'conflict',
      code: 'data-in-use',
      message: `unable to use data folder '${data.path}', another FortFail works in it`,
    });
  });

  it('a data folder that cannot be one is refused in one sentence', async () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'file'), '');
    await expect(requireWritableData(dataIn(join(folder, 'file')))).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringMatching(/: it is not a folder$/),
    });
    await expect(requireWritableData(dataIn(join(folder, 'file', 'below')))).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringMatching(/: a part of the path is not a folder$/),
    });
    await expect(requireWritableData(dataIn(join(folder, 'x'.repeat(120))))).rejects.toMatchObject({
      kind: 'invalid-input',
      code: 'data-path-too-long',
    });
    expect(existsSync(join(folder, 'x'.repeat(120)))).toBe(false);
  });

  it('a place where nobody can make a folder is refused, not tried for ever', async () => {
    await expect(requireWritableData(dataIn('/proc/fortfail'))).rejects.toMatchObject({ kind: 'denied' });
  });

  it('a taken port is refused, on either loopback address; 0 is always free', async () => {
    const server = await listening({ port: 0, host: '127.0.0.1' });
    const { port } = server.address() as { port: number };
    await expect(requireFreePort(port, undefined)).rejects.toMatchObject({
      kind: 'conflict',
      message: `unable to listen on port ${port}, another program has it`,
    });
    await expect(requireFreePort(port, '127.0.0.1')).rejects.toMatchObject({ code: 'port-taken' });
    await requireFreePort(0, undefined);
  });

  it("an address that is not this machine's is refused", async () => {
    await expect(requireFreePort(0, '192.0.2.1')).rejects.toMatchObject({ kind: 'invalid-input', code: 'host' });
  });

  it('other machines are served only with TLS or when plain HTTP is meant', () => {
    for (const host of [undefined, 'localhost', '127.0.0.1', '127.1.2.3', '::1']) expect(() => requireSafeHost(host, {})).not.toThrow();
    expect(() => requireSafeHost('0.0.0.0', {})).toThrow(expect.objectContaining({ kind: 'invalid-input', code: 'plain-http' }));
    expect(() => requireSafeHost('0.0.0.0', { ALLOW_PLAIN_HTTP: '1' })).not.toThrow();
    expect(() => requireSafeHost('0.0.0.0', { TLS_CERT_FILE: '/cert' })).not.toThrow();
  });
});
