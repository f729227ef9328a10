import { type RouteName, routes } from '@fortfail/protocol';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { databaseSuite } from '../testing/database-suite.ts';
import { TestSite } from '../testing/test-site.ts';
import { isKept } from './idempotency.ts';

/** What secrets are called in answers: links, join strings, tokens, and what is sealed. */
const secretNames = /^(secret|url|link|token|joinString|command|password|sealed|age|cookie)$/i;

function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : [];
  return [...own, ...Object.values(schema).flatMap(namesIn)];
}

databaseSuite('answers under an Idempotency-Key', (open) => {
  it('are not stored where a field is called as secrets are', () => {
    const isTelling = (name: RouteName) =>
      namesIn(z.toJSONSchema(routes[name].answer, { unrepresentable: 'any' })).some((field) => secretNames.test(field));
    const names = Object.keys(routes) as RouteName[];
    const kept = names.filter((name) => isKept(routes[name]));
    expect(kept.filter(isTelling)).toEqual([]);
    expect(names.filter(isTelling)).toEqual(expect.arrayContaining(['createToken', 'createPerson', 'createLoginLink', 'createJoinString']));
    expect(kept.length).toBeGreaterThan(8);
  });

  it('never leave a join string, a link to sign in or a token of the first API in the database', async () => {
    await using site = await TestSite.open(await open());
    const key = { 'idempotency-key': 'once' };
    const joined = await site.local<{ joinString: string }>('POST', '/join-strings', {}, key);
    const link = await site.local<{ url: string }>('POST', '/login-links', undefined, key);
    expect([joined.status, link.status]).toEqual([201, 201]);
    const again = await site.local<{ joinString: string }>('POST', '/join-strings', {}, key);
    expect(again.body.joinString).not.toBe(joined.body.joinString);
    expect(await site.services.database.read.selectFrom('idempotency').selectAll().execute()).toEqual([]);
  });
});
