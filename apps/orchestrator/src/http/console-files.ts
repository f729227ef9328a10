import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpRefusal, noSuchPath } from './problems.ts';

const yearSeconds = 31_536_000;
const missingPage =
  '<!doctype html><html lang="en"><title>FortFail</title><p>The console is not built. Run <code>npm start</code>, or <code>npm run build:console</code>. The API answers all the same.</p></html>';

/** The built console: assets with a hash in their names for a year, and its one page for every other path. */
export async function registerConsole(app: FastifyInstance, folder: string): Promise<void> {
  const hasAssets = existsSync(join(folder, 'assets'));
  if (hasAssets) {
    await app.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: '/assets/',
      immutable: true,
      maxAge: yearSeconds * 1000,
      index: false,
      wildcard: true,
      preCompressed: true,
    });
  }
  app.setNotFoundHandler(async (request, reply) => answerUnknown(request, reply, folder));
}

async function answerUnknown(request: FastifyRequest, reply: FastifyReply, folder: string): Promise<unknown> {
  const path = request.url.split('?')[0] ?? '/';
  const isPage = (request.method === 'GET' || request.method === 'HEAD') && !/^\/(api|health|assets|docs|agent-link)(\/|$)/.test(path);
  if (!isPage) throw new HttpRefusal(404, noSuchPath);
  const file = await topFile(folder, path);
  reply.header('cache-control', 'no-cache');
  if (file !== undefined) return reply.type(file.type).send(file.bytes);
  const page = await readIfThere(join(folder, 'index.html'));
  return reply
    .code(page === undefined ? 503 : 200)
    .type('text/html; charset=utf-8')
    .send(page ?? missingPage);
}

const topTypes: Readonly<Record<string, string>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  txt: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  woff2: 'font/woff2',
};

/** Files that lie at the top of the build, like the icon. The name is one plain path part. */
async function topFile(folder: string, path: string): Promise<{ bytes: Buffer; type: string } | undefined> {
  const match = /^\/([a-zA-Z0-9_-][a-zA-Z0-9._-]{0,100}\.([a-z0-9]+))$/.exec(path);
  const type = topTypes[match?.[2] ?? ''];
  if (match?.[1] === undefined || type === undefined) return undefined;
  const bytes = await readIfThere(join(folder, match[1]));
  return bytes === undefined ? undefined : { bytes, type };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR')) return undefined;
    throw error;
  }
}
