import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';
import { openApiDocument } from './openapi.ts';

/** `/openapi.json` and the interactive `/docs`, whose program comes from our own machine. */
export function registerDocs(app: FastifyInstance, services: Services): void {
  let document: string | undefined;
  let script: Promise<string> | undefined;
  app.get('/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(services.site.version, services.firstApi !== undefined));
    return reply.type('application/json').send(document);
  });
  app.get('/docs', async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64');
    return reply
      .header('content-security-policy', contentSecurity(nonce))
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page(nonce));
  });
  app.get('/docs/reference.js', async (_request, reply) => {
    script ??= referenceScript();
    return reply
      .header('cache-control', 'no-cache')
      .type('text/javascript; charset=utf-8')
      .send(await script);
  });
}

/** The reference's program styles itself at run time, hence its own policy; it still loads from and talks to us only. */
function contentSecurity(nonce: string): string {
  return `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}

function page(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>FortFail API</title><meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><div id="app"></div>
<script src="/docs/reference.js" nonce="${nonce}"></script>
<script nonce="${nonce}">Scalar.createApiReference('#app', { url: '/openapi.json', withDefaultFonts: false, telemetry: false, hideClientButton: true, mcp: { disabled: true }, agent: { disabled: true } })</script>
</body></html>`;
}

/**
 * The program lies inside the plug-in as a string of 4 MB, which only the plug-in's own route gives away: it is loaded when
 * somebody first looks, so that a start does not pay for it.
 */
async function referenceScript(): Promise<string> {
  const { default: reference } = await import('@scalar/fastify-api-reference');
  const inner = Fastify();
  await inner.register(reference, { routePrefix: '/r', configuration: { url: '/openapi.json' } });
  const answer = await inner.inject('/r/js/scalar.js');
  await inner.close();
  return answer.body;
}
