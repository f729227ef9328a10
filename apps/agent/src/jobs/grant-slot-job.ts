import { randomBytes } from 'node:crypto';
import { FortFailError, Secret } from '@fortfail/base';
import { isSameSshKey, parseSshPublicKey, readCard, readGrantOrder, sealTo } from '@fortfail/trust';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

/**
 * Makes a key slot for another agent and seals its password to that agent's sealing key. To which key is decided here: by the
 * card that an admin of the pinned owner's roster signed after comparing six words; or, without a card, by the consent that
 * somebody gave on this host to exactly this order, which the host's policy asked for before this began.
 */
export async function grantSlot(payload: PayloadOf<'grant-slot'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { repository: reference, to, grantId } = payload;
  const sealing = recipientOf(payload, parts);
  return await parts.shelf.use(reference, async (repository) => {
    const password = new Secret(randomBytes(32).toString('base64url'));
    voice.signal.throwIfAborted();
    const keyId = await repository.addKey({ password, hostname: to.hostname, username: `fortfail:${to.agentId}:reader` });
    const content = { v: 1, repo: repository.id, location: reference.location, password: password.reveal(), key_id: keyId };
    const sealed = await sealTo([sealing], Buffer.from(JSON.stringify(content)));
    return {
      status: 'succeeded',
      result: { kind: 'grant-slot', grantId, keyId, sealed },
      summary: `A key of ${reference.name} is made for ${to.hostname} and sealed to it.`,
    };
  });
}

function recipientOf({ repository, to, card, order }: PayloadOf<'grant-slot'>, parts: JobParts): string {
  if (card === null || order === null) return to.sealing;
  const roster = parts.roster();
  if (roster === undefined) throw noRoster();
  const question = { roster, now: parts.clock.now() };
  const known = readCard({ ...card, ...question, agentId: to.agentId });
  readGrantOrder({ ...order, ...question, repositoryId: repository.id, from: parts.self.agentId(), to: to.agentId, cardText: card.text });
  requireSame(known, to);
  return known.sealing;
}

/** The keys on the card are those the orchestrator tells of, or one of the two is not who it says. */
function requireSame(card: ReturnType<typeof readCard>, to: PayloadOf<'grant-slot'>['to']): void {
  const isSame =
    card.identity_jkt === to.identity &&
    card.sealing === to.sealing &&
    isSameSshKey(parseSshPublicKey(card.signing), parseSshPublicKey(to.signing));
  if (isSame) return;
  throw new FortFailError({
    kind: 'denied',
    code: 'card-other',
    message: `unable to make a key for '${to.hostname}', its card names other keys than the orchestrator does`,
    hint: 'Compare the six words with that host once more, and have an admin sign its card again.',
  });
}

function noRoster(): FortFailError {
  return new FortFailError({
    kind: 'denied',
    code: 'no-roster',
    message: 'unable to verify a signed order, this host knows no roster of its owner',
    hint: 'Name the owner on this host: fortfail agent owner set. Or order it without signatures and consent here.',
  });
}
