import { FortFailError, isFortFailError, Secret } from '@fortfail/base';
import { openWith } from '@fortfail/trust';
import { z } from 'zod';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

const slot = z.object({
  v: z.literal(1),
  repo: z.string(),
  location: z.string(),
  password: z.string().min(20).max(200),
  key_id: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Takes a key slot that another host sealed to this one: opened with this host's sealing key, kept like its own passwords, and
 * tried on the repository before it counts. What does not open it is not kept.
 */
export async function acceptSlot(payload: PayloadOf<'accept-slot'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { repository: reference, grantId, from, sealed } = payload;
  const { passwords } = parts.shelf;
  const content = slot.parse(JSON.parse(Buffer.from(await openSealed(sealed, parts)).toString('utf8')));
  if (content.location !== reference.location) {
    throw new FortFailError({
      kind: 'denied',
      code: 'slot-other',
      message: `unable to take a key of repository '${reference.name}', it was made for another place than '${reference.location}'`,
    });
  }
  voice.signal.throwIfAborted();
  const { isNew } = await passwords.put(reference.id, new Secret(content.password));
  try {
    const resticId = await parts.shelf.use(reference, async (repository) => repository.id);
    await passwords.writeCard({ id: reference.id, name: reference.name, location: reference.location, resticId, from });
  } catch (error) {
    if (isNew) await passwords.discard(reference.id);
    throw error;
  }
  return {
    status: 'succeeded',
    result: { kind: 'accept-slot', grantId, keyId: content.key_id },
    summary: `This host has its own key of ${reference.name}, a repository of another host.`,
  };
}

/** With the sealing key of now, or one of before that it took the place of. */
async function openSealed(sealed: string, { self }: JobParts): Promise<Uint8Array> {
  const { sealing, oldSealing } = self.keys;
  for (const key of [sealing, ...oldSealing]) {
    try {
      return await openWith(key.identity, sealed);
    } catch (error) {
      if (!isFortFailError(error)) throw error;
    }
  }
  throw new FortFailError({
    kind: 'denied',
    code: 'slot-not-ours',
    message: 'unable to open a key slot, it is not sealed to this host',
    hint: 'Have it granted again.',
  });
}
