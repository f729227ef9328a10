import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError, Secret } from '@fortfail/base';
import { generateSealingKey, IdentityKey, SigningKey } from '@fortfail/trust';
import { errnoOf, makePrivateFolder } from '../durable-file.ts';
import { createSecretFile, readSecretFile } from './secret-file.ts';

/** The age key that others seal to. */
export interface SealingKey {
  readonly recipient: string;
  readonly identity: Secret;
}

export const keyFileNames = ['identity.key', 'sealing.key', 'signing.key'] as const;
const oldSealingPattern = /^sealing-\d+\.key$/;

/**
 * The keys of this installation, made on this host and never sent: P-256 for proofs and TLS, age for what is sealed to it,
 * Ed25519 for what it signs. Each in a file of its own, mode 0600.
 */
export class HostKeys {
  readonly identity: IdentityKey;
  readonly sealing: SealingKey;
  readonly signing: SigningKey;
  /** Sealing keys of before: grants that were sealed to them can still be read. */
  readonly oldSealing: readonly SealingKey[];

  private constructor(identity: IdentityKey, sealing: SealingKey, signing: SigningKey, oldSealing: readonly SealingKey[]) {
    this.identity = identity;
    this.sealing = sealing;
    this.signing = signing;
    this.oldSealing = oldSealing;
  }

  /** The keys in a folder; those that are missing are made. Throws `denied` for files that others may read. */
  static async ensure(folder: string): Promise<HostKeys> {
    await makePrivateFolder(folder);
    await createMissing(join(folder, 'identity.key'), async () => `${JSON.stringify(await (await IdentityKey.generate()).toJwk())}\n`);
    await createMissing(join(folder, 'sealing.key'), async () => {
      const { identity, recipient } = await generateSealingKey();
      // As `age-keygen` writes it, so that stock `age -d -i` reads it.
      return `# public key: ${recipient}\n${identity}\n`;
    });
    await createMissing(join(folder, 'signing.key'), async () => SigningKey.generate().toOpenSsh('fortfail agent'));
    const keys = await HostKeys.open(folder);
    if (keys === undefined) throw damaged(folder);
    return keys;
  }

  /** The keys in a folder; undefined unless all three are there. */
  static async open(folder: string): Promise<HostKeys | undefined> {
    const [identity, sealing, signing] = await Promise.all(keyFileNames.map((name) => readSecretFile(join(folder, name))));
    if (identity === undefined || sealing === undefined || signing === undefined) return undefined;
    try {
      const jwk: unknown = JSON.parse(identity.reveal());
      const signingKey = SigningKey.fromOpenSsh(signing.reveal());
      return new HostKeys(await IdentityKey.fromJwk(jwk), sealingOf(sealing), signingKey, await oldSealingKeys(folder));
    } catch (cause) {
      if (cause instanceof FortFailError && cause.kind === 'denied') throw cause;
      throw damaged(folder, cause);
    }
  }
}

/** Puts a sealing key aside that another one takes the place of. */
export async function keepOldSealingKey(folder: string, now: Date): Promise<void> {
  await rename(join(folder, 'sealing.key'), join(folder, `sealing-${now.getTime()}.key`)).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}

async function oldSealingKeys(folder: string): Promise<SealingKey[]> {
  const names = (await readdir(folder)).filter((name) => oldSealingPattern.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readSecretFile(join(folder, name))));
  return texts.flatMap((text) => (text === undefined ? [] : [sealingOf(text)]));
}

function sealingOf(text: Secret): SealingKey {
  const recipient = /^# public key: (age1\S+)$/m.exec(text.reveal())?.[1];
  const identity = /^AGE-SECRET-KEY-1\S+$/m.exec(text.reveal())?.[0];
  if (recipient === undefined || identity === undefined) throw new Error('no age key');
  return { recipient, identity: new Secret(identity) };
}

async function createMissing(path: string, make: () => Promise<string>): Promise<void> {
  if ((await readSecretFile(path)) === undefined) await createSecretFile(path, await make());
}

function damaged(folder: string, cause?: unknown): FortFailError {
  return new FortFailError({
    kind: 'damaged',
    code: 'host-keys',
    message: `unable to read the keys of this agent in '${folder}'`,
    hint: 'Put them back from a copy, or enrol anew with `fortfail agent enrol --replace`.',
    // The cause may hold a part of a key.
    context: { errName: cause instanceof Error ? cause.name : undefined },
  });
}
