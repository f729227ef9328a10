import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { generateSealingKey } from '../envelope/envelope.ts';
import { IdentityKey } from '../proof/identity-key.ts';
import { namespaces } from '../ssh/namespaces.ts';
import { SigningKey } from '../ssh/signing-key.ts';
import { type Approval, type ApprovalDocument, approvalText, readApproval, readApprovals } from './approval.ts';
import { headText } from './audit-head.ts';
import { type Card, cardText, readCard } from './card.ts';
import { coseToJwk } from './cose.ts';
import { type GrantOrder, grantOrderText, readGrantOrder, textDigest } from './grant-order.ts';
import { type Roster, type RosterAdmin, readRoster, rosterText } from './roster.ts';
import { approvalChallenge } from './webauthn.ts';

const now = new Date('2026-11-20T10:30:00Z');
const site = 'sit_0123456789abcdef';
const [agentA, agentB] = ['agt_0123456789abcdef', 'agt_fedcba9876543210'];
const proposal = `sha256:${'ab'.repeat(32)}`;
const owner = SigningKey.generate();
const ann = SigningKey.generate();
const ben = SigningKey.generate();
const denied = (code: string) => expect.objectContaining({ kind: 'denied', code });

const admin = (name: string, key: SigningKey, changed: Partial<RosterAdmin> = {}): RosterAdmin => ({
  name,
  key: key.publicLine,
  rights: ['plan', 'approve', 'grant', 'enrol', 'policy'],
  until: '2027-06-01T00:00:00Z',
  ...changed,
});
const rosterFacts = (changed: Partial<Roster> = {}): Roster => ({
  v: 1,
  site,
  serial: 3,
  made: '2026-11-01T00:00:00Z',
  until: '2027-11-01T00:00:00Z',
  ca: [],
  evidence: [],
  admins: [admin('ann', ann), admin('ben', ben)],
  four_eyes: {},
  revoked: [],
  ...changed,
});
const signed = (text: string, key: SigningKey, namespace: string) => ({ text, signature: key.sign(text, namespace) });

describe('a roster', () => {
  const text = rosterText(rosterFacts());
  const good = signed(text, owner, namespaces.roster);

  test('is believed from the owner, and nobody else', () => {
    expect(readRoster({ ...good, owner: owner.publicLine, now, site, lowestSerial: 3 })).toEqual(rosterFacts());
    expect(() => readRoster({ ...good, owner: ann.publicKey })).toThrow(denied('signature-key'));
    expect(() => readRoster({ ...signed(text, owner, namespaces.card), owner: owner.publicKey })).toThrow(denied('signature-namespace'));
    expect(() => readRoster({ ...good, text: text.replace('"serial": 3', '"serial": 4'), owner: owner.publicKey })).toThrow(
      denied('signature-wrong'),
    );
  });

  test('is refused when it is older than a known one, over, or of another site', () => {
    const question = { ...good, owner: owner.publicKey };
    expect(() => readRoster({ ...question, lowestSerial: 4 })).toThrow(denied('roster-old'));
    expect(() => readRoster({ ...question, now: new Date('2027-11-01T00:00:00Z') })).toThrow(denied('roster-expired'));
    expect(() => readRoster({ ...question, site: 'sit_other' })).toThrow(denied('roster-site'));
  });

  test.each([
    ['a year and more', { until: '2030-01-01T00:00:00Z' }],
    ['an admin with neither key nor passkey', { admins: [admin('ann', ann, { key: undefined })] }],
    ['a key that is none', { admins: [admin('ann', ann, { key: 'ssh-rsa AAAA' })] }],
    ['a right nobody knows', { admins: [admin('ann', ann, { rights: ['root'] as never })] }],
    ['a field nobody knows', { admin: true } as never],
    ['no serial', { serial: 0 }],
  ])('with %s is not made, and refused when it is signed all the same', (_, changed) => {
    expect(() => rosterText(rosterFacts(changed))).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
    const bad = signed(JSON.stringify(rosterFacts(changed)), owner, namespaces.roster);
    expect(() => readRoster({ ...bad, owner: owner.publicKey })).toThrow(denied('roster-malformed'));
  });

  test.each(['', 'null', '[]', '{', '"text"', '\ud800'])('that is %j is refused', (junk) => {
    expect(() => readRoster({ ...signed(junk, owner, namespaces.roster), owner: owner.publicKey })).toThrow(denied('roster-malformed'));
  });
});

const cardOf = async (changed: Partial<Card> = {}): Promise<Card> => ({
  v: 1,
  site,
  agent: agentB,
  identity_jkt: (await IdentityKey.generate()).thumbprint,
  sealing: (await generateSealingKey()).recipient,
  signing: SigningKey.generate().publicLine,
  kind: 'agent',
  not_after: '2027-01-01T00:00:00Z',
  ...changed,
});

describe('a card', () => {
  test('is believed from an admin who may enrol', async () => {
    const facts = await cardOf();
    const text = cardText(facts);
    const question = { ...signed(text, ben, namespaces.card), roster: rosterFacts(), now, agentId: agentB };
    expect(readCard(question)).toEqual({ ...facts, signedBy: 'ben' });
    expect(() => readCard({ ...question, agentId: agentA })).toThrow(denied('card-agent'));
    expect(() => readCard({ ...question, now: new Date('2027-01-01T00:00:00Z') })).toThrow(denied('card-expired'));
    expect(() => readCard({ ...question, ...signed(text, owner, namespaces.card) })).toThrow(denied('signature-key'));
    expect(() => readCard({ ...question, roster: rosterFacts({ site: 'sit_other' }) })).toThrow(denied('card-site'));
    const rights = rosterFacts({ admins: [admin('ben', ben, { rights: ['approve', 'plan'] })] });
    expect(() => readCard({ ...question, roster: rights })).toThrow(denied('signature-key'));
  });

  test('with a swapped recipient is refused', async () => {
    const text = cardText(await cardOf());
    const thief = (await generateSealingKey()).recipient;
    const swapped = { text: text.replace(/age1[0-9a-z]+/, thief), signature: ben.sign(text, namespaces.card) };
    expect(() => readCard({ ...swapped, roster: rosterFacts(), now })).toThrow(denied('signature-wrong'));
  });

  test('by a revoked or expired admin is refused', async () => {
    const question = { ...signed(cardText(await cardOf()), ben, namespaces.card), now };
    expect(() => readCard({ ...question, roster: rosterFacts({ revoked: [ben.fingerprint] }) })).toThrow(denied('signature-key'));
    const over = rosterFacts({ admins: [admin('ben', ben, { until: '2026-11-20T10:30:00Z' })] });
    expect(() => readCard({ ...question, roster: over })).toThrow(denied('signature-key'));
  });
});

describe('a grant order', () => {
  const order = (card: string, changed: Partial<GrantOrder> = {}): GrantOrder => ({
    v: 1,
    site,
    action: 'grant',
    repository: 'rep_0123456789abcdef',
    from: agentA,
    to: agentB,
    card: textDigest(card),
    made: '2026-11-20T10:00:00Z',
    until: '2026-11-21T10:00:00Z',
    ...changed,
  });

  test('is good for its repository, its two agents and its card only', async () => {
    const card = cardText(await cardOf());
    const text = grantOrderText(order(card));
    const question = {
      ...signed(text, ann, namespaces.grant),
      roster: rosterFacts(),
      now,
      repositoryId: 'rep_0123456789abcdef',
      from: agentA,
      to: agentB,
      cardText: card,
    };
    expect(readGrantOrder(question)).toEqual({ ...order(card), signedBy: 'ann' });
    expect(() => readGrantOrder({ ...question, repositoryId: 'rep_fedcba9876543210' })).toThrow(denied('grant-other'));
    expect(() => readGrantOrder({ ...question, from: agentB })).toThrow(denied('grant-other'));
    expect(() => readGrantOrder({ ...question, to: agentA })).toThrow(denied('grant-other'));
    expect(() => readGrantOrder({ ...question, action: 'remove' })).toThrow(denied('grant-other'));
    expect(() => readGrantOrder({ ...question, cardText: `${card} ` })).toThrow(denied('grant-card'));
    expect(() => readGrantOrder({ ...question, now: new Date('2026-11-21T10:00:00Z') })).toThrow(denied('grant-expired'));
    expect(() => readGrantOrder({ ...question, ...signed(text, ann, namespaces.card) })).toThrow(denied('signature-namespace'));
    const rights = rosterFacts({ admins: [admin('ann', ann, { rights: ['enrol', 'approve'] })] });
    expect(() => readGrantOrder({ ...question, roster: rights })).toThrow(denied('signature-key'));
  });

  test('is not made for longer than 30 days', () => {
    expect(() => grantOrderText(order('x', { until: '2027-01-20T10:00:00Z' }))).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
  });
});

const consent = (changed: Partial<ApprovalDocument> = {}): ApprovalDocument => ({
  v: 1,
  site,
  action: 'apply-restore',
  hosts: [agentA],
  proposal,
  by: 'ann',
  made: '2026-11-20T10:00:00.000Z',
  until: '2026-11-20T11:00:00.000Z',
  ...changed,
});
const bySsh = (key: SigningKey, facts = consent()): Approval => ({
  by: 'ssh',
  signed: signed(approvalText(facts), key, namespaces.approval),
});
const question = { roster: rosterFacts(), now, proposal, action: 'apply-restore', host: agentA };

describe('an approval by SSH key', () => {
  test('is good for its proposal, on its host, while it lasts', () => {
    const read = readApproval(bySsh(ann), question);
    expect(read).toMatchObject({ name: 'ann', by: 'ssh', kid: ann.fingerprint, document: consent() });
    expect(readApproval(bySsh(ann), { ...question, proposal: proposal.slice('sha256:'.length) }).digest).toBe(read.digest);
  });

  test.each([
    ['approval-proposal', {}, { proposal: `sha256:${'cd'.repeat(32)}` }],
    ['approval-proposal', { proposal: undefined, recipient: undefined }, {}],
    ['approval-action', {}, { action: 'overwrite' }],
    ['approval-host', {}, { host: agentB }],
    ['approval-site', { site: 'sit_other' }, {}],
    ['approval-expired', {}, { now: new Date('2026-11-20T11:00:00Z') }],
    ['approval-early', {}, { now: new Date('2026-11-20T09:54:59Z') }],
    ['approval-long', { until: '2026-11-20T11:00:01.000Z' }, {}],
    ['approval-signer', {}, { signers: ['webauthn'] as const }],
    ['signature-key', {}, { roster: rosterFacts({ revoked: [ann.fingerprint] }) }],
    ['signature-key', {}, { roster: rosterFacts({ admins: [admin('ann', ann, { rights: ['plan'] })] }) }],
  ])('is refused by %s', (code, changed, asked) => {
    expect(() => readApproval(bySsh(ann, consent(changed)), { ...question, ...asked })).toThrow(denied(code));
  });

  test('is refused with one byte changed, from strangers, and for another purpose', () => {
    const text = approvalText(consent());
    const forged = (changedText: string, signature: string): Approval => ({ by: 'ssh', signed: { text: changedText, signature } });
    const signature = ann.sign(text, namespaces.approval);
    expect(() => readApproval(forged(text.replace(agentA, agentB), signature), question)).toThrow(denied('signature-wrong'));
    expect(() => readApproval(forged(text, ann.sign(text, namespaces.plan)), question)).toThrow(denied('signature-namespace'));
    expect(() => readApproval(bySsh(SigningKey.generate()), question)).toThrow(denied('signature-key'));
    expect(() => readApproval(forged('{}', ann.sign('{}', namespaces.approval)), question)).toThrow(denied('approval-malformed'));
  });

  test('to be shown files is bound to one recipient and 15 minutes', async () => {
    const { recipient } = await generateSealingKey();
    const facts = consent({
      action: 'browse',
      proposal: undefined,
      recipient,
      made: '2026-11-20T10:20:00.000Z',
      until: '2026-11-20T10:35:00.000Z',
    });
    const ask = { roster: rosterFacts(), now, action: 'browse', host: agentA, recipient };
    expect(readApproval(bySsh(ann, facts), ask).document.recipient).toBe(recipient);
    const other = (await generateSealingKey()).recipient;
    expect(() => readApproval(bySsh(ann, facts), { ...ask, recipient: other })).toThrow(denied('approval-recipient'));
    expect(() => readApproval(bySsh(ann, { ...facts, until: '2026-11-20T10:36:00.000Z' }), ask)).toThrow(denied('approval-long'));
    const { recipient: asked, ...nothing } = ask;
    expect(asked).toBe(recipient);
    expect(() => readApproval(bySsh(ann, facts), nothing)).toThrow(expect.objectContaining({ kind: 'invalid-input' }));
  });

  test('of two persons needs two persons, not one with two keys', () => {
    const spare = SigningKey.generate();
    const ask = { ...question, roster: rosterFacts({ admins: [admin('ann', ann), admin('ann', spare), admin('ben', ben)] }) };
    expect(readApprovals([bySsh(ann), bySsh(ben)], ask, 2)).toHaveLength(2);
    expect(() => readApprovals([bySsh(ann), bySsh(spare)], ask, 2)).toThrow(denied('approval-persons'));
    expect(() => readApprovals([bySsh(ann), bySsh(ann)], ask, 2)).toThrow(denied('approval-persons'));
    expect(() => readApprovals([], ask, 1)).toThrow(denied('approval-persons'));
    expect(() => readApprovals([bySsh(ann), bySsh(SigningKey.generate())], ask, 1)).toThrow(denied('signature-key'));
    const long = consent({ until: '2026-11-21T09:00:00.000Z' });
    expect(readApprovals([bySsh(ann, long), bySsh(ben, long)], ask, 2)).toHaveLength(2);
  });
});

/** Recorded from Chromium's virtual authenticator on http://localhost:4871 for the challenge of `text`. */
const recorded = {
  text: approvalText(consent({ job: 'job_0123456789abcdef' })),
  es256: {
    cose: 'pQECAyYgASFYIK1-6UEtmVPdLNYVh4VP2TKBS7NQUu94FMwiEHaNyXWjIlggveInv735ligmODbMff-ka0xOYdLUzBDVMZuZbcnAs-8',
    spki: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErX7pQS2ZU90s1hWHhU_ZMoFLs1BS73gUzCIQdo3JdaO94ie_vfmWKCY4Nsx9_6RrTE5h0tTMENUxm5ltycCz7w',
    id: 'su8Xx1TEWUZpFSz_Ggu0hbTOpn__9Kz8LPxgWBmiKAg',
    clientDataJSON:
      'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiLXNYZlRMZGVTZ185T19jVlcyancyVTZUeEsxRDN1RGRKOTl1VjZGVlJBNCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6NDg3MSIsImNyb3NzT3JpZ2luIjpmYWxzZSwib3RoZXJfa2V5c19jYW5fYmVfYWRkZWRfaGVyZSI6ImRvIG5vdCBjb21wYXJlIGNsaWVudERhdGFKU09OIGFnYWluc3QgYSB0ZW1wbGF0ZS4gU2VlIGh0dHBzOi8vZ29vLmdsL3lhYlBleCJ9',
    signature: 'MEQCICAy3nmxWEWWBfrN19sNWGjY40vuUc3Fz4crXlTnOEpvAiBpY8q4-p8s9bRMyIrH-f94cv6iHVNRinmyXowWNgxyng',
  },
  ed25519: {
    cose: 'pAEBAycgBiFYIFnZBICeZcw68QG7Sgm6jhlXV7nyCF9KH1T18yDxmJ2h',
    spki: 'MCowBQYDK2VwAyEAWdkEgJ5lzDrxAbtKCbqOGVdXufIIX0ofVPXzIPGYnaE',
    id: '2GMy84evy-YfpnOR5GLELu5SrgP1wiIcgE5dZK8jTl0',
    clientDataJSON:
      'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiLXNYZlRMZGVTZ185T19jVlcyancyVTZUeEsxRDN1RGRKOTl1VjZGVlJBNCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6NDg3MSIsImNyb3NzT3JpZ2luIjpmYWxzZX0',
    signature: 'nXEDYAHLwrBcAXn66ufSXAiPmFNhIDPZ9UKJBdlAn7Kbd0DEvJCPNSDvip55FYbOLnUMbswdIQydcPkJ9y5ODQ',
  },
};
const recordedAuthenticatorData = 'SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg';
const fromUrl = (text: string) => Uint8Array.from(Buffer.from(text, 'base64url'));
const origin = 'http://localhost:4871';

function passkeyRoster(id: string, cose: string): Roster {
  const webauthn = { id, jwk: coseToJwk(fromUrl(cose)), rp: 'localhost', origins: [origin] };
  return rosterFacts({ admins: [{ name: 'ann', webauthn, rights: ['approve'], until: '2027-06-01T00:00:00Z' }] });
}

function assertionOf(name: 'es256' | 'ed25519', changed: Partial<Record<string, string>> = {}): Approval {
  const { id, clientDataJSON, signature } = recorded[name];
  const response = { clientDataJSON, authenticatorData: recordedAuthenticatorData, signature, ...changed };
  return { by: 'webauthn', text: recorded.text, assertion: { id, type: 'public-key', response } };
}

describe('an approval by passkey', () => {
  test.each(['es256', 'ed25519'] as const)('that Chromium made with %s is good', (name) => {
    const roster = passkeyRoster(recorded[name].id, recorded[name].cose);
    const read = readApproval(assertionOf(name), { ...question, roster, rp: { id: 'localhost', origins: [origin] } });
    expect(read).toMatchObject({ name: 'ann', by: 'webauthn', kid: recorded[name].id });
    const other = { ...question, roster, proposal: `sha256:${'cd'.repeat(32)}` };
    expect(() => readApproval(assertionOf(name), other)).toThrow(denied('approval-proposal'));
    expect(() => readApproval(assertionOf(name), { ...question, roster, signers: ['ssh'] })).toThrow(denied('approval-signer'));
  });

  test('has the public key that the browser tells in its other form', () => {
    const { x, y } = coseToJwk(fromUrl(recorded.es256.cose)) as { x: string; y: string };
    expect(Buffer.from(recorded.es256.spki, 'base64url').subarray(-64)).toEqual(Buffer.concat([fromUrl(x), fromUrl(y)]));
    expect(Buffer.from(recorded.ed25519.spki, 'base64url').subarray(-32).toString('base64url')).toBe(
      coseToJwk(fromUrl(recorded.ed25519.cose)).x,
    );
  });

  test('is refused over another text, page, site or credential, and unless its user was verified', () => {
    const roster = passkeyRoster(recorded.es256.id, recorded.es256.cose);
    const ask = { ...question, roster };
    const good = assertionOf('es256');
    expect(() => readApproval({ ...good, text: approvalText(consent()) } as Approval, ask)).toThrow(denied('passkey-challenge'));
    expect(() => readApproval(good, { ...ask, rp: { id: 'localhost', origins: ['http://localhost:1'] } })).toThrow(
      denied('passkey-origin'),
    );
    expect(() => readApproval(good, { ...ask, rp: { id: 'ff.example', origins: [origin] } })).toThrow(denied('passkey-unknown'));
    expect(() => readApproval(good, { ...ask, roster: rosterFacts() })).toThrow(denied('passkey-unknown'));
    expect(() => readApproval(good, { ...ask, roster: { ...roster, revoked: [recorded.es256.id] } })).toThrow(denied('passkey-unknown'));
    expect(() => readApproval(good, { ...ask, roster: passkeyRoster(recorded.es256.id, recorded.ed25519.cose) })).toThrow(
      denied('passkey-wrong'),
    );
  });

  test('is refused with any one bit of what the authenticator signed changed', () => {
    const roster = passkeyRoster(recorded.es256.id, recorded.es256.cose);
    const fields = {
      clientDataJSON: recorded.es256.clientDataJSON,
      authenticatorData: recordedAuthenticatorData,
      signature: recorded.es256.signature,
    };
    for (const [field, value] of Object.entries(fields)) {
      const bytes = Buffer.from(value, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit += 5) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const approval = assertionOf('es256', { [field]: changed.toString('base64url') });
        expect(() => readApproval(approval, { ...question, roster })).toThrow(expect.objectContaining({ kind: 'denied' }));
      }
    }
  });

  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = pair.publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  const self = (flags: number, client: object, rp = 'localhost'): { approval: Approval; roster: Roster } => {
    const text = approvalText(consent());
    const clientData = Buffer.from(
      JSON.stringify({ type: 'webauthn.get', challenge: Buffer.from(approvalChallenge(text)).toString('base64url'), origin, ...client }),
    );
    const data = Buffer.concat([createHash('sha256').update(rp).digest(), Buffer.from([flags, 0, 0, 0, 1])]);
    const signature = sign(
      'sha256',
      Buffer.concat([data, createHash('sha256').update(clientData).digest()]),
      createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
    );
    const response = {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
    };
    const webauthn = {
      id: 'abc',
      jwk: { kty: 'EC' as const, crv: 'P-256' as const, x: jwk.x, y: jwk.y },
      rp: 'localhost',
      origins: [origin],
    };
    return {
      approval: { by: 'webauthn', text, assertion: { id: 'abc', type: 'public-key', response } },
      roster: rosterFacts({ admins: [{ name: 'ann', webauthn, rights: ['approve'], until: '2027-06-01T00:00:00Z' }] }),
    };
  };

  test.each([
    ['passkey-presence', 0x01, {}, 'localhost'],
    ['passkey-presence', 0x04, {}, 'localhost'],
    ['passkey-rp', 0x05, {}, 'evil.example'],
    ['passkey-origin', 0x05, { origin: 'https://evil.example' }, 'localhost'],
    ['passkey-origin', 0x05, { crossOrigin: true }, 'localhost'],
    ['passkey-malformed', 0x05, { type: 'webauthn.create' }, 'localhost'],
    ['passkey-challenge', 0x05, { challenge: 'AAAA' }, 'localhost'],
  ])('well signed is refused by %s with flags %i and %j of %s', (code, flags, client, rp) => {
    const good = self(0x05, {});
    expect(readApproval(good.approval, { ...question, roster: good.roster }).name).toBe('ann');
    const { approval, roster } = self(flags, client, rp);
    expect(() => readApproval(approval, { ...question, roster })).toThrow(denied(code));
  });

  test.each([
    {},
    { id: 1 },
    { id: 'abc', type: 'public-key', response: {} },
    { id: 'abc', type: 'public-key', response: { clientDataJSON: '!', authenticatorData: '', signature: '' } },
  ])('that is %j is refused', (assertion) => {
    const { roster } = self(0x05, {});
    const approval: Approval = { by: 'webauthn', text: recorded.text, assertion };
    expect(() => readApproval(approval, { ...question, roster })).toThrow(denied('passkey-malformed'));
  });
});

describe("a passkey's stored key", () => {
  test('is refused when it is of another kind, cut or followed by more', () => {
    const cose = fromUrl(recorded.es256.cose);
    const rsa = Uint8Array.from(Buffer.from('a401030339010020430100012143010001', 'hex'));
    for (const bytes of [
      new Uint8Array(),
      rsa,
      Uint8Array.from([...cose, 0]),
      Uint8Array.of(0xbb, 255, 255, 255, 255, 255, 255, 255, 255),
    ]) {
      expect(() => coseToJwk(bytes)).toThrow(expect.objectContaining({ kind: 'invalid-input', code: 'cose-malformed' }));
    }
    for (let length = 0; length < cose.length; length += 1) {
      expect(() => coseToJwk(cose.subarray(0, length))).toThrow(expect.objectContaining({ code: 'cose-malformed' }));
    }
  });
});

test('the text of an audit head is the same for the same facts', () => {
  const facts = { site, seq: 7, chain: 'main', made: '2026-11-20T10:00:00.000Z', hash: 'ab'.repeat(32) };
  expect(headText(facts)).toBe(`{"chain":"main","hash":"${facts.hash}","made":"2026-11-20T10:00:00.000Z","seq":7,"site":"${site}"}`);
});
