import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

const contentSecurity =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const files = [
  { url: '/control', name: 'control.html', type: 'text/html; charset=utf-8' },
  { url: '/control/control.js', name: 'control.js', type: 'text/javascript; charset=utf-8' },
  { url: '/control/control.css', name: 'control.css', type: 'text/css; charset=utf-8' },
] as const;

/** The control panel of the first API: one static page of three files, as they lie here. */
export function registerControl(v0: FastifyInstance): void {
  for (const { url, name, type } of files) {
    const bytes = readFileSync(join(import.meta.dirname, 'control', name));
    v0.get(url, { config: { firstApi: 'open' } }, async (_request, reply) =>
      reply.header('content-security-policy', contentSecurity).header('cache-control', 'no-cache').type(type).send(bytes),
    );
  }
}
