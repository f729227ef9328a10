import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RouteAnswer, type RouteName, routes } from '@fortfail/protocol';
import { z } from 'zod';

const root = join(import.meta.dirname, '../../..');
const ready = z.object({ ready: z.literal(true), url: z.string().optional(), socket: z.string().optional() });

/** A whole site: orchestrator and agent as their own processes on a data folder of their own, with one folder to protect. */
export interface RealSite extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** A call over the site's own socket, whose folder is the proof. */
  ask<N extends RouteName>(name: N, path?: Readonly<Record<string, string>>, body?: unknown): Promise<RouteAnswer<N>>;
}

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Starts a part and waits for its one line. Its log goes nowhere unless it fails to start. */
const start = async (main: string, env: NodeJS.ProcessEnv): Promise<{ process: ChildProcess; said: z.infer<typeof ready> }> => {
  const child = spawn(process.execPath, [join(root, main)], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (part: Buffer) => {
    log = (log + part.toString()).slice(-4000);
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('exit', (code) => reject(new Error(`${main} ended with ${code}: ${text}${log}`)));
  });
  return { process: child, said: ready.parse(JSON.parse(line)) };
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
};

const overSocket = (socketPath: string, method: string, path: string, body: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, method, path: `/api/v1${path}`, headers: { host: 'localhost', 'content-type': 'application/json', 'x-ff': '1' } },
      (answer) => {
        let text = '';
        answer.on('data', (part: Buffer) => {
          text += part.toString();
        });
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`));
          else resolve(JSON.parse(text));
        });
      },
    );
    asked.on('error', reject);
    asked.end(method === 'GET' ? undefined : JSON.stringify(body ?? {}));
  });

const fill = async (folder: string): Promise<void> => {
  await mkdir(join(folder, 'inner'), { recursive: true });
  await writeFile(join(folder, '<img src=x onerror="document.title=1">.txt'), 'hostile in name only');
  for (let number = 0; number < 40; number += 1) await writeFile(join(folder, `file-${number}.txt`), 'x'.repeat(number * 100));
  await writeFile(join(folder, 'inner', 'deep.txt'), 'deep');
};

/** Starts both parts. The console is where `npm test` built it: to build it again would take it from other tests' sites. */
export const openRealSite = async (): Promise<RealSite> => {
  const home = await mkdtemp(join(tmpdir(), 'fortfail-site-'));
  const folder = join(home, 'protected');
  await fill(folder);
  const env = {
    ...process.env,
    FORTFAIL_DATA: join(home, 'data'),
    PORT: String(await freePort()),
    LOG_LEVEL: 'warn',
    SITE_NAME: 'fort-real',
  };
  const orchestrator = await start('apps/orchestrator/src/main.ts', env);
  const agent = await start('apps/agent/src/main.ts', env);
  const { url = '', socket = '' } = orchestrator.said;
  return {
    url,
    folder,
    ask: async (name, path = {}, body) => {
      const route = routes[name];
      const filled = route.path.replace(/:(\w+)/g, (_, key: string) => path[key] ?? '');
      return (await overSocket(socket, route.method, filled, body)) as RouteAnswer<typeof name>;
    },
    async [Symbol.asyncDispose]() {
      await stop(agent.process);
      await stop(orchestrator.process);
      await rm(home, { recursive: true, force: true });
    },
  };
};
