import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { errnoOf, makePrivateFolder, replaceFile } from '../durable-file.ts';

/** What an agent of the first API keeps between its lives. */
interface Kept {
  readonly v: 1;
  readonly agentId: string;
  readonly token: string | null;
  /** The id's own secret, told once. */
  readonly agentSecret: string | null;
  /** Sums of the newest snapshots this agent made, by their ids: whoever keeps the objects cannot swap them. */
  readonly sums: Readonly<Record<string, string>>;
}

const mostSums = 1000;

/** The memory of one agent id: a file of mode 0600 in a folder of its own. */
export class AgentMemory {
  readonly folder: string;
  readonly agentId: string;
  readonly #path: string;
  #kept: Kept;

  private constructor(folder: string, kept: Kept) {
    this.folder = folder;
    this.agentId = kept.agentId;
    this.#path = join(folder, 'memory.json');
    this.#kept = kept;
  }

  /** Throws `damaged` when the file is not what was written. */
  static async open(parent: string, agentId: string): Promise<AgentMemory> {
    const folder = join(parent, createHash('sha256').update(agentId).digest('hex').slice(0, 16));
    await makePrivateFolder(folder);
    const path = join(folder, 'memory.json');
    const text = await textIn(path);
    const kept: Kept = text === undefined ? { v: 1, agentId, token: null, agentSecret: null, sums: {} } : parse(text, path, agentId);
    return new AgentMemory(folder, kept);
  }

  /** The id that was drawn when none was given, `agent-<process number>`, from its first day on. */
  static async drawnId(parent: string, pid: number): Promise<string> {
    await makePrivateFolder(parent);
    const path = join(parent, 'id');
    const known = (await textIn(path))?.trim();
    if (known !== undefined && /^agent-\d+$/.test(known)) return known;
    await replaceFile(path, `agent-${pid}\n`);
    return `agent-${pid}`;
  }

  get token(): string | undefined {
    return this.#kept.token ?? undefined;
  }

  get agentSecret(): string | undefined {
    return this.#kept.agentSecret ?? undefined;
  }

  sumOf(snapshotId: string): string | undefined {
    return Object.hasOwn(this.#kept.sums, snapshotId) ? this.#kept.sums[snapshotId] : undefined;
  }

  async keepToken(token: string, agentSecret: string | undefined): Promise<void> {
    await this.#keep({ ...this.#kept, token, agentSecret: agentSecret ?? this.#kept.agentSecret });
  }

  async keepSum(snapshotId: string, sha256: string): Promise<void> {
    const sums = Object.fromEntries([...Object.entries(this.#kept.sums), [snapshotId, sha256]].slice(-mostSums));
    await this.#keep({ ...this.#kept, sums });
  }

  async #keep(kept: Kept): Promise<void> {
    this.#kept = kept;
    await replaceFile(this.#path, `${JSON.stringify(kept)}\n`);
  }
}

async function textIn(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, path: string, agentId: string): Kept {
  const textOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
  try {
    const kept = JSON.parse(text) as Kept;
    const isOurs = kept.v === 1 && kept.agentId === agentId && textOrNull(kept.token) && textOrNull(kept.agentSecret);
    if (isOurs && typeof kept.sums === 'object' && kept.sums !== null) return kept;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new FortFailError({
    kind: 'damaged',
    code: 'agent-memory',
    message: `unable to read '${path}'`,
    hint: 'It holds the secret of this agent id. Restore it, or remove it and have a new secret made: fortfail legacy secret create.',
  });
}
