import { FortFailError, isFortFailError, Secret } from '@fortfail/base';
import type { Escrow } from '@fortfail/protocol';
import { openRepository } from '@fortfail/repository';
import { openBackend, parseLocation } from '@fortfail/storage';
import { openWith, type RecoveryKey } from '@fortfail/trust';
import { z } from 'zod';
import { type ClientCall, clientCall } from '../client/client-call.ts';
import type { CommandContext } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { readRecoveryKey } from '../kit/read-recovery-key.ts';
import type { kitTestOptions } from '../verbs/product-verbs.ts';
import type { Perform } from '../verbs/verb.ts';

const escrowContent = z.object({ v: z.literal(1), repo: z.string(), url: z.string(), password: z.string().min(1), key_id: z.string() });

/** `kit test`: opens an escrow with the key typed from the paper, and the repository with what is in it. Counts as a test. */
export const perform: Perform<typeof kitTestOptions> = async ({ options, context }) => {
  const call = clientCall(options, context);
  const key = await readRecoveryKey(options.keyFile, context);
  const escrow = await pickEscrow(call, key, options.repository);
  const content = escrowContent.parse(JSON.parse(new TextDecoder().decode(await openWith(key.secret, escrow.sealed))));
  const opened = await tryRepository(content.url, new Secret(content.password), context);
  await call.client.ask('reportKitTest', { body: { recipient: key.recipient, repositoryId: escrow.repositoryId }, signal: call.signal });
  call.print({ kitId: key.kitId, repository: escrow.repositoryName, location: content.url, opened }, () =>
    opened
      ? `The recovery key opens the escrow of ${escrow.repositoryName}, and the password in it opens the repository in ${content.url}.\n`
      : `The recovery key opens the escrow of ${escrow.repositoryName}. Its repository, ${content.url}, cannot be reached from here and was not tried.\n`,
  );
  return exitOk;
};

async function pickEscrow(call: ClientCall, key: RecoveryKey, name: string | undefined): Promise<Escrow> {
  const state = await call.client.ask('getKit', { signal: call.signal });
  if (state.recipient !== key.recipient) {
    const hint = state.kitId === null ? 'This site has no kit.' : `This site's kit is ${state.kitId}; the key belongs to ${key.kitId}.`;
    throw new FortFailError({
      kind: 'wrong-password',
      code: 'other-kit',
      message: 'unable to test the kit, the key is of another one',
      hint,
    });
  }
  const { items } = await call.client.ask('listEscrows', { query: { limit: 200 }, signal: call.signal });
  const own = items.filter(({ recipient, repositoryName }) => recipient === key.recipient && (name ?? repositoryName) === repositoryName);
  const newest = own.at(-1);
  if (newest !== undefined) return newest;
  throw new FortFailError({
    kind: 'not-found',
    code: 'no-escrow',
    message: name === undefined ? 'unable to find an escrow for this key' : `unable to find an escrow of repository '${name}'`,
    hint: 'A repository is sealed as soon as its host names the recovery key: `fortfail kit show` says which are not.',
  });
}

/** False when the repository is not there; throws what else is wrong with it. */
async function tryRepository(url: string, password: Secret, { clock }: CommandContext): Promise<boolean> {
  const location = parseLocation(url);
  try {
    await using backend = await openBackend(location, {});
    await using _repository = await openRepository({ backend, password, clock });
    return true;
  } catch (error) {
    if (isFortFailError(error, 'repository-missing') || isFortFailError(error, 'not-found') || isFortFailError(error, 'unavailable'))
      return false;
    throw error;
  }
}
