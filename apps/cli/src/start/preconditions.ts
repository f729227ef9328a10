import { mkdir, open, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import type { DataFolder } from '../client/data-folder.ts';
import type { Environment } from '../command-context.ts';

/** The longest socket path Linux takes, without its closing NUL. */
const socketPathLimit = 107;

/** Throws `conflict` when a FortFail already works in this data folder. */
export async function requireUnusedData(data: DataFolder): Promise<void> {
  const isAnswered = await new Promise<boolean>((resolve) => {
    const socket = connect(data.socket);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
  if (!isAnswered) return;
  throw new FortFailError({
    kind: 'conflict',
    code: 'data-in-use',
    message: `unable to use data folder '${data.path}', another FortFail works in it`,
    hint: 'See `fortfail status`, stop the other one, or name another folder with --data.',
  });
}

/** Makes the data folder (mode 0700) and proves by writing that it can be written. */
export async function requireWritableData(data: DataFolder): Promise<void> {
  if (Buffer.byteLength(data.socket) > socketPathLimit) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'data-path-too-long',
      message: `unable to use data folder '${data.path}', its path is longer than ${socketPathLimit - 22} bytes`,
      hint: 'Name a folder with a shorter path with --data.',
    });
  }
  const probe = join(data.path, `.write-probe-${process.pid}`);
  try {
    await makeFolder(data.path);
    const file = await open(probe, 'wx', 0o600);
    try {
      await file.write(Buffer.alloc(4096, 1));
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
  } catch (cause) {
    throw unwritable(data.path, cause as NodeJS.ErrnoException);
  }
}

/** A folder with all above it. Node's own recursive way never ends below /proc, where a parent is there and still says no. */
async function makeFolder(path: string, mayRetry = true): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || !mayRetry || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await makeFolder(path, false);
  }
}

function unwritable(path: string, cause: NodeJS.ErrnoException): FortFailError {
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') {
    const hint = 'Free some space there, or name another folder with --data.';
    return new FortFailError({
      kind: 'no-space',
      code: 'disk-full',
      message: `unable to write to data folder '${path}', the disk is full`,
      hint,
      cause,
    });
  }
  const why: Readonly<Record<string, string>> = {
    EROFS: 'it is read-only',
    ENOENT: 'no folder can be made there',
    EACCES: 'permission is denied',
    EPERM: 'permission is denied',
    ENOTDIR: 'a part of the path is not a folder',
    EEXIST: 'it is not a folder',
  };
  const hint = 'Name a folder that you may write to with --data or FORTFAIL_DATA.';
  const reason = why[cause.code ?? ''] ?? `the system says ${cause.code ?? cause.message}`;
  return new FortFailError({
    kind: 'denied',
    code: 'data-unwritable',
    message: `unable to write to data folder '${path}': ${reason}`,
    hint,
    cause,
  });
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** Refuses to serve other machines without TLS, unless someone said that plain HTTP is meant. */
export function requireSafeHost(host: string | undefined, env: Environment): void {
  if (host === undefined || isLoopback(host) || env.ALLOW_PLAIN_HTTP === '1' || env.TLS_CERT_FILE) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'plain-http',
    message: `unable to listen on '${host}' without TLS`,
    hint: 'Set TLS_CERT_FILE and TLS_KEY_FILE, or ALLOW_PLAIN_HTTP=1 when the network itself is safe.',
  });
}

/** Throws `conflict` when another program listens there. Port 0 is always free. */
export async function requireFreePort(port: number, host: string | undefined): Promise<void> {
  for (const address of host === undefined || host === 'localhost' ? ['127.0.0.1', '::1'] : [host]) await probePort(port, address);
}

function probePort(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', (cause: NodeJS.ErrnoException) => {
      // A machine without IPv6 has no ::1; the orchestrator then listens on 127.0.0.1 alone.
      if (host === '::1' && (cause.code === 'EADDRNOTAVAIL' || cause.code === 'EAFNOSUPPORT')) resolve();
      else reject(portError(port, host, cause));
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve()));
  });
}

function portError(port: number, host: string, cause: NodeJS.ErrnoException): FortFailError {
  if (cause.code === 'EADDRINUSE') {
    const hint = 'Choose another with --port or PORT.';
    return new FortFailError({
      kind: 'conflict',
      code: 'port-taken',
      message: `unable to listen on port ${port}, another program has it`,
      hint,
      cause,
    });
  }
  if (cause.code === 'EACCES') {
    const hint = 'Choose one from 1024 up with --port.';
    return new FortFailError({
      kind: 'denied',
      code: 'port-denied',
      message: `unable to listen on port ${port}, permission is denied`,
      hint,
      cause,
    });
  }
  const hint = 'Name an address of this machine with --host.';
  const message = `unable to listen on '${host}': the system says ${cause.code ?? cause.message}`;
  return new FortFailError({ kind: 'invalid-input', code: 'host', message, hint, cause });
}
