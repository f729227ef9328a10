import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { FortFailError, Secret } from '@fortfail/base';
import { parseLocation } from '@fortfail/storage';
import { sealTo } from '@fortfail/trust';
import { makePrivateFolder, replaceFile } from '../durable-file.ts';
import type { JobEnd, JobParts, JobVoice, PayloadOf } from './job-context.ts';

/**
 * Gives the repository a key slot of its own for the recovery key, and seals that slot's password to the recipient that this
 * host's policy names: the orchestrator has no say in who can open it. A copy lies beside the repository, where the paper and
 * stock `age` are enough. Done again after a kill it makes another slot; the one before opens nothing that anybody holds.
 */
export async function escrow(payload: PayloadOf<'escrow'>, voice: JobVoice, parts: JobParts): Promise<JobEnd> {
  const { repository: reference, n } = payload;
  const { recovery } = await parts.policy();
  if (recovery === null) {
    throw new FortFailError({
      kind: 'denied',
      code: 'no-recovery-key',
      message: 'unable to seal a key, the policy of this host names no recovery key',
      hint: 'Name it on that host: fortfail agent owner set --recovery age1... OWNER.',
    });
  }
  return await parts.shelf.use(reference, async (repository) => {
    const password = new Secret(randomBytes(32).toString('base64url'));
    const agentId = parts.self.agentId();
    const keyId = await repository.addKey({ password, hostname: parts.config.hostname, username: `fortfail:${agentId}:recovery` });
    voice.signal.throwIfAborted();
    const content = {
      v: 1,
      repo: repository.id,
      name: reference.name,
      url: reference.location,
      password: password.reveal(),
      key_id: keyId,
      created: parts.clock.now().toISOString(),
    };
    const sealed = await sealTo([recovery], Buffer.from(`${JSON.stringify(content)}\n`));
    const places = await layBeside(reference.location, n, sealed);
    return {
      status: 'succeeded',
      result: { kind: 'escrow', recipient: recovery, sealed, keyId, places },
      summary: `A key of ${reference.name} is sealed to the recovery key.`,
    };
  });
}

/** `<repository>.fortfail/escrow-<n>.age`: beside it, since what lies inside belongs to restic's format. */
async function layBeside(location: string, n: number, sealed: string): Promise<string[]> {
  const { path } = parseLocation(location);
  const folder = `${path}.fortfail`;
  await makePrivateFolder(folder);
  // One that a killed attempt left under this number was never told of: this one takes its place.
  await replaceFile(join(folder, `escrow-${n}.age`), sealed);
  return ['beside the repository'];
}
