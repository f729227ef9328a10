import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freshFolder } from '../testing/run-cli.ts';
import { LocalClient } from './local-client.ts';

function clientOf(listener: RequestListener): Promise<LocalClient> {
  const path = join(freshFolder(), 'socket');
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  return new Promise((resolve) => server.listen(path, () => resolve(new LocalClient(path))));
}

describe('the local client', () => {
  it('asks the route with its parameters and query, and gives the checked answer', async () => {
    const asked: string[] = [];
    const client = await clientOf((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end(JSON.stringify({ items: [], nextCursor: null }));
    });
    expect(await client.ask('listJobs', { query: { limit: 5, planId: 'a b' } })).toEqual({ items: [], nextCursor: null });
    expect(await client.ask('listSlots', { params: { planId: 'pln/1' } })).toEqual({ items: [], nextCursor: null });
    expect(asked).toEqual(['GET /api/v1/jobs?limit=5&planId=a+b', 'GET /api/v1/plans/pln%2F1/slots']);
  });

  it('throws the problem it was answered with, its fields included', async () => {
    const client = await clientOf((_, response) => {
      response.statusCode = 400;
      const errors = [{ field: 'name', message: 'is taken' }];
      const body = {
        type: 'about:blank',
        title: 'x',
        status: 400,
        detail: 'unable to make plan',
        kind: 'conflict',
        code: 'taken',
        hint: 'Rename it.',
        requestId: 'r',
        errors,
      };
      response.end(JSON.stringify(body));
    });
    await expect(client.ask('overview')).rejects.toMatchObject({
      kind: 'conflict',
      code: 'taken',
      message: 'unable to make plan: name is taken',
      hint: 'Rename it.',
    });
  });

  it('says so when nobody answers, or not in our language', async () => {
    await expect(new LocalClient('/nowhere/socket').ask('overview')).rejects.toMatchObject({ kind: 'unavailable', code: 'not-up' });
    const client = await clientOf((_, response) => void response.end('<html>'));
    await expect(client.ask('overview')).rejects.toMatchObject({ kind: 'unavailable', code: 'bad-answer' });
  });

  it('gives up when it is told to', async () => {
    const client = await clientOf(() => undefined);
    const interruption = new AbortController();
    const asking = client.ask('overview', { signal: interruption.signal });
    interruption.abort(new Error('interrupted'));
    await expect(asking).rejects.toThrow('interrupted');
  });
});
