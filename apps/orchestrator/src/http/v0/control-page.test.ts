import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FirstApiSite } from '../../testing/first-api-site.ts';

const folder = join(import.meta.dirname, 'control');

it('shows what agents say as text only, and takes its program from this site alone', async () => {
  const script = readFileSync(join(folder, 'control.js'), 'utf8');
  const page = readFileSync(join(folder, 'control.html'), 'utf8');
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser/);
  expect(page).not.toMatch(/<script(?![^>]*src=)|\son[a-z]+=|style=|https?:\/\//i);
  await using api = await FirstApiSite.open();
  const answer = await api.call('GET', '/control');
  const policy = String(answer.headers['content-security-policy']);
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ])
    expect(policy).toContain(rule);
  expect(policy).not.toContain('unsafe');
});
