import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, makePrivateFolder, removeFile, replaceFile, temporaryPattern } from '../durable-file.ts';

/** How far a restore came, kept so that a command that is delivered again is not done again. */
export interface JournalEntry {
  readonly commandId: string;
  readonly snapshotId: string;
  readonly jobId: string | null;
  /** The folder that is written into before it gets its name; whoever finds it left over removes it. */
  readonly stage: string;
  /** Set when it is about to get this name: if that folder is there and is this one, the restore is done. */
  readonly publish: { readonly path: string; readonly device: string; readonly inode: string; readonly report: Report } | null;
}

/** What is told of a restore that is done. */
export interface Report {
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const keptForMs = 30 * 24 * 3_600_000;

/** One file per command that this agent works on or whose answer it could not deliver yet. */
export class RestoreJournal {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string, now: Date): Promise<RestoreJournal> {
    await makePrivateFolder(folder);
    const journal = new RestoreJournal(folder);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const { mtimeMs } = await stat(path);
      if (temporaryPattern.test(name) || now.getTime() - mtimeMs > keptForMs) await removeFile(path);
    }
    return journal;
  }

  #path(commandId: string): string {
    return join(this.#folder, `${createHash('sha256').update(commandId).digest('hex').slice(0, 32)}.json`);
  }

  async find(commandId: string): Promise<JournalEntry | undefined> {
    return await entryIn(this.#path(commandId));
  }

  /** All entries; what is no entry any more is passed over. */
  async all(): Promise<JournalEntry[]> {
    const names = await readdir(this.#folder);
    const entries = await Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => entryIn(join(this.#folder, name))));
    return entries.filter((entry) => entry !== undefined);
  }

  async write(entry: JournalEntry): Promise<void> {
    await replaceFile(this.#path(entry.commandId), `${JSON.stringify(entry)}\n`);
  }

  async forget(commandId: string): Promise<void> {
    try {
      await removeFile(this.#path(commandId));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

async function entryIn(path: string): Promise<JournalEntry | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as JournalEntry;
    return typeof entry.commandId === 'string' && typeof entry.stage === 'string' ? entry : undefined;
  } catch (error) {
    // Our own files are written whole; another's is as good as none.
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
