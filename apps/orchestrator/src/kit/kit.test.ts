import type { KitState } from '@fortfail/protocol';
import { kitConfirmationHash, namespaces, RecoveryKey, rosterText, SigningKey } from '@fortfail/trust';
import { expect, it } from 'vitest';
import { databaseSuite } from '../testing/database-suite.ts';
import { readySite, type TestSite } from '../testing/test-site.ts';
import { EscrowWatch } from './escrows.ts';

function draftFor(site: TestSite, key: RecoveryKey, more: { serial?: number; signer?: SigningKey; siteId?: string } = {}) {
  const now = site.clock.now().getTime();
  const text = rosterText({
    v: 1,
    site: more.siteId ?? site.services.site.id,
    serial: more.serial ?? 1,
    made: new Date(now).toISOString(),
    until: new Date(now + 300 * 86_400_000).toISOString(),
    ca: [],
    evidence: [],
    admins: [],
    four_eyes: {},
    revoked: [],
    recovery: key.recipient,
  });
  const signer = more.signer ?? key.ownerKey();
  return {
    recipient: key.recipient,
    owner: key.ownerKey().publicLine,
    roster: { text, signature: signer.sign(text, namespaces.roster) },
    confirmation: kitConfirmationHash(key.recipient, key.lastSix()),
  };
}

databaseSuite('the recovery kit', (open) => {
  it('is published by its public halves, confirmed by the last six characters, and then stays', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const key = RecoveryKey.generate();
    expect((await site.local<KitState>('GET', '/kit')).body.state).toBe('none');
    const made = await site.local<KitState>('POST', '/kit', draftFor(site, key));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ state: 'unconfirmed', kitId: key.kitId, ownerFingerprint: key.ownerKey().fingerprint });
    const confirm = (lastSix: string) =>
      site.local<KitState>('POST', '/kit/confirmation', { recipient: key.recipient, lastSix: kitConfirmationHash(key.recipient, lastSix) });
    expect((await confirm('AAAAAA')).status).toBe(400);
    expect((await confirm(key.lastSix().toLowerCase())).body.state).toBe('confirmed');
    const second = RecoveryKey.generate();
    expect(await site.local('POST', '/kit', draftFor(site, second, { serial: 2 }))).toMatchObject({
      status: 409,
      body: { code: 'kit-exists' },
    });
    expect(JSON.stringify((await site.local('GET', '/kit')).body)).not.toContain('AGE-SECRET-KEY');
  });

  it('that nobody confirmed is replaced by the next, with a higher roster', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const [first, second] = [RecoveryKey.generate(), RecoveryKey.generate()];
    await site.local('POST', '/kit', draftFor(site, first));
    expect(await site.local('POST', '/kit', draftFor(site, second))).toMatchObject({ status: 403, body: { code: 'roster-old' } });
    expect((await site.local<KitState>('POST', '/kit', draftFor(site, second, { serial: 2 }))).body.kitId).toBe(second.kitId);
  });

  it('is refused with a roster that another key signed, or for another site', async () => {
    const { site } = await readySite(await open());
    await using _site = site;
    const key = RecoveryKey.generate();
    expect((await site.local('POST', '/kit', draftFor(site, key, { signer: SigningKey.generate() }))).status).toBe(403);
    expect((await site.local('POST', '/kit', draftFor(site, key, { siteId: 'ste_00000000000000ff' }))).status).toBe(403);
    expect((await site.local<KitState>('GET', '/kit')).body.state).toBe('none');
  });

  it('has each repository sealed once its host names it, and not before', async () => {
    const { site, agent, repositoryId } = await readySite(await open());
    await using _site = site;
    const key = RecoveryKey.generate();
    await site.local('POST', '/kit', draftFor(site, key));
    const watch = new EscrowWatch(site.services);
    expect(await watch.round()).toBe(0);
    await agent.send({ type: 'policy', policyDigest: 'sha256:x', hasOwner: true });
    expect(await watch.round()).toBe(1);
    expect(await watch.round()).toBe(0);
    const lease = await agent.lease(site);
    expect(lease.kind).toBe('escrow');
    await agent.succeed(lease, {
      kind: 'escrow',
      recipient: key.recipient,
      sealed: 'opaque',
      keyId: 'a'.repeat(64),
      places: ['beside the repository'],
    });
    expect(await watch.round()).toBe(0);
    const { body } = await site.local<KitState>('GET', '/kit');
    expect(body.repositories).toMatchObject([{ id: repositoryId, escrowed: true, places: ['beside the repository', 'site'] }]);
    const escrows = await site.local<{ items: { sealed: string }[] }>('GET', '/kit/escrows');
    expect(escrows.body.items.map(({ sealed }) => sealed)).toEqual(['opaque']);
    const test = { recipient: key.recipient, repositoryId };
    expect((await site.local<KitState>('POST', '/kit/test', test)).body.testedAt).not.toBeNull();
  });
});
