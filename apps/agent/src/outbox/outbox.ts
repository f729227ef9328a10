import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@fortfail/base';
import { type AgentFrame, agentFrame, linkVersion } from '@fortfail/protocol';
import { createFile, errnoOf, makePrivateFolder, removeFile, temporaryPattern } from '../durable-file.ts';

type KeptType = 'outcome' | 'self-run' | 'alarm';
type KeptFrame = Extract<AgentFrame, { type: KeptType }>;
export type OutcomeFrame = Extract<AgentFrame, { type: 'outcome' }>;
/** How an attempt ended, without what the link and the outbox add. */
export type Outcome = Omit<OutcomeFrame, 'v' | 'seq' | 'type' | 'outboxId'>;
/** A frame to be kept until it is acknowledged. */
export type Letter = KeptFrame extends infer F ? (F extends KeptFrame ? Omit<F, 'v' | 'seq' | 'outboxId'> : never) : never;
/** A letter that waits for its acknowledgement. */
export type StoredLetter = Letter & { readonly outboxId: string };
type StoredOutcome = Extract<StoredLetter, { type: 'outcome' }>;

const filePattern = /^(\d{12})-([0-9a-f]{16})\.json$/;

/**
 * Outcomes, self-runs and alarms on their way to the orchestrator, one durable file each, in the order they came. A file
 * stays until its acknowledgement, so a letter survives the death of either side and may arrive twice: (jobId, fence)
 * settles once, and so does an outbox id.
 */
export class Outbox {
  readonly #folder: string;
  readonly #logger: Logger;
  /** Without a name: the disk refused the file, so this one lives only as long as the process. */
  readonly #files = new Map<string, { readonly name: string | undefined; readonly letter: StoredLetter }>();
  #next = 1;

  private constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  /** Reads what an earlier process left. A file that cannot be read is put aside as `.bad`, and said. */
  static async open(folder: string, logger: Logger): Promise<Outbox> {
    await makePrivateFolder(folder);
    const outbox = new Outbox(folder, logger);
    for (const name of (await readdir(folder)).sort()) await outbox.#load(name);
    return outbox;
  }

  /** What waits, oldest first. */
  get waiting(): readonly StoredLetter[] {
    return [...this.#files.values()].map(({ letter }) => letter);
  }

  /** Outcomes of jobs that wait: these jobs are still in hand. */
  get outcomes(): readonly StoredOutcome[] {
    return this.waiting.filter((letter) => letter.type === 'outcome');
  }

  has(jobId: string, fence: number): boolean {
    return this.outcomes.some((outcome) => outcome.jobId === jobId && outcome.fence === fence);
  }

  /**
   * Resolves once the letter survives a crash. When the disk refuses it (full), it is kept in memory and said: an outcome
   * told once is better than none. Throws a ZodError for one that no orchestrator would understand.
   */
  async add<L extends Letter>(letter: L): Promise<L & { readonly outboxId: string }> {
    const stored = { ...letter, outboxId: randomBytes(8).toString('hex') };
    agentFrame.parse({ v: linkVersion, seq: 1, ...stored });
    const name = `${String(this.#next).padStart(12, '0')}-${stored.outboxId}.json`;
    this.#next += 1;
    const isStored = await createFile(join(this.#folder, name), JSON.stringify(stored)).then(
      () => true,
      (error: unknown) => {
        this.#logger.error({ component: 'outbox', type: letter.type, errCode: errnoOf(error) }, 'letter not stored, kept in memory');
        return false;
      },
    );
    this.#files.set(stored.outboxId, { name: isStored ? name : undefined, letter: stored });
    return stored;
  }

  /** The orchestrator has it. Repetition and unknown ids are harmless. */
  async acknowledge(outboxId: string): Promise<void> {
    const file = this.#files.get(outboxId);
    if (file === undefined) return;
    this.#files.delete(outboxId);
    if (file.name !== undefined) await removeFile(join(this.#folder, file.name));
  }

  async #load(name: string): Promise<void> {
    const path = join(this.#folder, name);
    if (temporaryPattern.test(name)) return await unlink(path);
    const [, number] = filePattern.exec(name) ?? [];
    if (number === undefined) return;
    this.#next = Math.max(this.#next, Number(number) + 1);
    const letter = parseStored(await readFile(path, 'utf8'));
    if (letter !== undefined) {
      this.#files.set(letter.outboxId, { name, letter });
      return;
    }
    this.#logger.error({ component: 'outbox', file: path }, 'stored letter not understood, put aside');
    await rename(path, `${path}.bad`);
  }
}

function parseStored(text: string): StoredLetter | undefined {
  try {
    // Files of before there were other letters name no type.
    const frame = agentFrame.safeParse({ type: 'outcome', ...JSON.parse(text), v: linkVersion, seq: 1 });
    if (!frame.success || !isKept(frame.data)) return undefined;
    const { v: _v, seq: _seq, ...stored } = frame.data;
    return stored;
  } catch {
    // Not JSON: the caller puts it aside and says so.
    return undefined;
  }
}

function isKept(frame: AgentFrame): frame is KeptFrame {
  return frame.type === 'outcome' || frame.type === 'self-run' || frame.type === 'alarm';
}
