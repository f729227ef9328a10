import { chown, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, FortFailError } from '@fortfail/base';
import { sixWords } from '@fortfail/trust';
import { z } from 'zod';
import { errnoOf, makePrivateFolder, removeFile, replaceFile } from '../durable-file.ts';

const digestPattern = /^[0-9a-f]{64}$/;
const question = z.object({ digest: z.string().regex(digestPattern), sentence: z.string(), askedAt: z.string() });
const consent = z.object({ digest: z.string().regex(digestPattern), until: z.string() });

/** An order that waits for somebody on this host. */
export interface Question {
  readonly digest: string;
  readonly words: readonly string[];
  readonly sentence: string;
  readonly askedAt: string;
}

const consentMs = 60 * 60_000;
/** Questions kept; the oldest go first. An orchestrator may ask as often as it likes. */
const mostQuestions = 50;
/** Names in it are the orchestrator's words. */
const longestSentence = 2000;

/**
 * What people on this host said yes to: one file each in `<data>/agent/consents`, good for an hour and for one order. What
 * waits for an answer lies in `<data>/agent/questions`, so that six words are enough to name it.
 */
export class Consents {
  readonly #given: string;
  readonly #asked: string;
  readonly #clock: Clock;

  constructor(agentFolder: string, clock: Clock) {
    this.#given = join(agentFolder, 'consents');
    this.#asked = join(agentFolder, 'questions');
    this.#clock = clock;
  }

  /** Writes down that an order waits; answers the words that name it. */
  async ask(digest: string, sentence: string): Promise<readonly string[]> {
    await makePrivateFolder(this.#asked);
    const known = await this.questions();
    for (const { digest: old } of known.slice(mostQuestions - 1)) await forget(join(this.#asked, `${old}.json`));
    const text = JSON.stringify({ digest, sentence: sentence.slice(0, longestSentence), askedAt: this.#clock.now().toISOString() });
    await replaceFile(join(this.#asked, `${digest}.json`), `${text}\n`);
    return sixWords(digest);
  }

  /** What waits, newest first. */
  async questions(): Promise<Question[]> {
    const found = (await readAll(this.#asked)).flatMap((value) => {
      const { success, data } = question.safeParse(value);
      return success ? [{ ...data, words: sixWords(data.digest) }] : [];
    });
    return found.sort((a, b) => (a.askedAt < b.askedAt ? 1 : -1));
  }

  /** A person on this host says yes to what these words name. Throws `not-found` when nothing of that name waits. */
  async approve(words: readonly string[]): Promise<Question & { readonly until: string }> {
    const said = words
      .flatMap((word) =>
        word
          .trim()
          .toLowerCase()
          .split(/[\s-]+/),
      )
      .filter((word) => word !== '');
    const found = (await this.questions()).find((waiting) => waiting.words.join(' ') === said.join(' '));
    if (found === undefined) throw nothingWaits(said);
    await makePrivateFolder(this.#given);
    const until = new Date(this.#clock.now().getTime() + consentMs).toISOString();
    const path = join(this.#given, `${found.digest}.json`);
    await replaceFile(path, `${JSON.stringify({ digest: found.digest, until })}\n`);
    await giveToOwnerOf(this.#asked, this.#given, path);
    return { ...found, until };
  }

  /** Whether somebody said yes to this in the last hour. */
  async has(digest: string): Promise<boolean> {
    const { success, data } = consent.safeParse(await readOne(join(this.#given, `${digest}.json`)));
    const now = this.#clock.now().getTime();
    // A clock that was set back does not make a consent last longer than it was given for.
    return success && data.digest === digest && Date.parse(data.until) > now && Date.parse(data.until) <= now + consentMs;
  }

  /** Uses a consent up, durably, before what it allows begins. */
  async use(digest: string): Promise<void> {
    await removeFile(join(this.#given, `${digest}.json`));
    await forget(join(this.#asked, `${digest}.json`));
  }
}

/** Root may say yes for an agent that runs as another user, which must be able to read and use it up. */
async function giveToOwnerOf(folder: string, ...paths: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  for (const path of paths) await chown(path, uid, gid);
}

async function readAll(folder: string): Promise<unknown[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  return await Promise.all(names.filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).map((name) => readOne(join(folder, name))));
}

async function readOne(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    // Neither a file that is not there nor half a one says yes to anything.
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function forget(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}

function nothingWaits(said: readonly string[]): FortFailError {
  return new FortFailError({
    kind: 'not-found',
    code: 'no-such-question',
    message: `unable to find an order named '${said.join(' ')}' that waits on this host`,
    hint: 'Compare all six words. `fortfail agent show` lists what waits.',
  });
}
