import { describe, expect, it } from 'vitest';
import type { ClientCall } from './client-call.ts';
import { dataFolder } from './data-folder.ts';
import { readGrants } from './grants.ts';
import { LocalClient } from './local-client.ts';

const call: ClientCall = {
  client: new LocalClient('/nowhere/socket'),
  data: dataFolder('/nowhere', {}),
  signal: new AbortController().signal,
  print: () => undefined,
};

describe('roles on the command line', () => {
  it('hold for the whole site when nothing else is said', async () => {
    expect(await readGrants(call, ['viewer', 'operator@site'])).toEqual([
      { role: 'viewer', scope: 'site' },
      { role: 'operator', scope: 'site' },
    ]);
  });

  it.each(['boss', 'viewer@', 'viewer@etc', '@site', 'Viewer', ''])('are refused when they are none: %s', async (text) => {
    await expect(readGrants(call, [text])).rejects.toMatchObject({ kind: 'invalid-input', code: 'usage' });
  });

  it('look plans and hosts up where FortFail is up', async () => {
    await expect(readGrants(call, ['viewer@plan:etc'])).rejects.toMatchObject({ code: 'not-up' });
    await expect(readGrants(call, ['viewer@host:web1'])).rejects.toMatchObject({ code: 'not-up' });
  });
});
