import { randomBytes } from 'node:crypto';
import { readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError, type Secret } from '@fortfail/base';
import { passwordFromText } from '@fortfail/repository';
import { z } from 'zod';
import { createFile, errnoOf, makePrivateFolder, replaceFile } from '../durable-file.ts';

/** What lies beside a password: which repository it opens. No secret. */
export interface RepositoryCard {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly resticId: string;
  /** The agent whose repository it is, when this one only has a key slot of it: nothing is ever backed up into that. */
  readonly from?: string | undefined;
}

const cardSchema = z.object({
  id: z.string(),
  name: z.string(),
  location: z.string(),
  resticId: z.string(),
  from: z.string().optional(),
});

/**
 * Passwords of repositories, made on this host and never sent: `<data>/agent/keys/<id>.password`, mode 0600, and beside it
 * `<id>.json` with where the repository lies.
 */
export class PasswordFiles {
  readonly #folder: string;

  constructor(agentFolder: string) {
    this.#folder = join(agentFolder, 'keys');
  }

  pathOf(repositoryId: string): string {
    // An id is part of a path here; the protocol lets none through that could leave the folder.
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(repositoryId)) {
      throw new FortFailError({ kind: 'invalid-input', code: 'repository-id', message: `invalid repository id '${repositoryId}'` });
    }
    return join(this.#folder, `${repositoryId}.password`);
  }

  /** The password as restic reads such files; undefined when there is none. */
  async find(repositoryId: string): Promise<Secret | undefined> {
    try {
      return passwordFromText(await readFile(this.pathOf(repositoryId)));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Throws `not-found` without a password. */
  async read(repositoryId: string): Promise<Secret> {
    const password = await this.find(repositoryId);
    if (password !== undefined) return password;
    const path = this.pathOf(repositoryId);
    const hint = `Put it back from the recovery kit: one line in '${path}', mode 0600.`;
    throw new FortFailError({
      kind: 'not-found',
      code: 'password-missing',
      message: `unable to find the repository's password in '${path}'`,
      hint,
    });
  }

  /** The password there is, or a new one of 32 random bytes, durable before this resolves. Says whether it is new. */
  async ensure(repositoryId: string): Promise<{ readonly password: Secret; readonly isNew: boolean }> {
    const found = await this.find(repositoryId);
    if (found !== undefined) return { password: found, isNew: false };
    await makePrivateFolder(this.#folder);
    await createFile(this.pathOf(repositoryId), `${randomBytes(32).toString('base64url')}\n`);
    return { password: await this.read(repositoryId), isNew: true };
  }

  /** Keeps a password that another host made for this one. The one there is stays when it is the same; another is `conflict`. */
  async put(repositoryId: string, password: Secret): Promise<{ readonly isNew: boolean }> {
    const found = await this.find(repositoryId);
    if (found !== undefined && found.reveal() === password.reveal()) return { isNew: false };
    if (found !== undefined) {
      throw new FortFailError({
        kind: 'conflict',
        code: 'password-there',
        message: `unable to keep a key of repository '${repositoryId}', there is another in '${this.pathOf(repositoryId)}'`,
        hint: 'Remove that file on this host if it is of no use any more, and have the key granted again.',
      });
    }
    await makePrivateFolder(this.#folder);
    await createFile(
      this.pathOf(repositoryId),
      `${password.reveal()}
`,
    );
    return { isNew: true };
  }

  /** Takes back a password that was made for a repository which turned out to have another one. */
  async discard(repositoryId: string): Promise<void> {
    await unlink(this.pathOf(repositoryId));
  }

  /** Every repository that this agent has made or adopted. A card that cannot be read counts as none. */
  async cards(): Promise<RepositoryCard[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    });
    const texts = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(this.#folder, name), 'utf8')),
    );
    return texts.flatMap((text) => {
      const { success, data } = cardSchema.safeParse(parseJson(text));
      return success ? [data] : [];
    });
  }

  async writeCard(card: RepositoryCard): Promise<void> {
    await replaceFile(join(this.#folder, `${card.id}.json`), `${JSON.stringify(card, null, 2)}\n`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half a card says nothing.
    return undefined;
  }
}
