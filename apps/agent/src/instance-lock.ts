import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { errnoOf, makePrivateFolder } from './durable-file.ts';

/**
 * Lets one agent work in a data folder: it listens on a socket there, which ends with its process, however that dies.
 * Throws `conflict` when another agent lives. Closing the answer gives the folder free.
 */
export async function lockDataFolder(dataFolder: string): Promise<AsyncDisposable> {
  const folder = join(dataFolder, 'run');
  await makePrivateFolder(folder);
  const path = join(folder, 'agent.sock');
  for (let attempt = 0; ; attempt += 1) {
    const server = await listen(path);
    if (server !== undefined) return { [Symbol.asyncDispose]: () => close(server) };
    if (attempt > 0 || (await isAnswered(path))) throw inUse(dataFolder);
    await unlink(path);
  }
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', (error) => (errnoOf(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    server.listen(path, () => resolve(server));
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function inUse(dataFolder: string): FortFailError {
  const message = `unable to start the agent, another one works in '${dataFolder}'`;
  return new FortFailError({ kind: 'conflict', code: 'agent-running', message, hint: 'Stop the other one, or name another data folder.' });
}
