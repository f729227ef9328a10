import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { agentId } from '@fortfail/protocol';
import { errnoOf, makePrivateFolder, replaceFile } from './durable-file.ts';

/** Who this agent is: an id given by its orchestrator on first contact and kept, and a mark of this very process. */
export class AgentIdentity {
  readonly #path: string;
  /** Drawn anew at each start. */
  readonly instance = randomBytes(8).toString('hex');
  #id: string | null;

  private constructor(path: string, id: string | null) {
    this.#path = path;
    this.#id = id;
  }

  static async open(agentFolder: string): Promise<AgentIdentity> {
    await makePrivateFolder(agentFolder);
    const path = join(agentFolder, 'id');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return new AgentIdentity(path, null);
    const id = agentId.safeParse(text.trim());
    if (id.success) return new AgentIdentity(path, id.data);
    const hint = 'Remove the file to have a new id given; the jobs of the old one stay in the catalog.';
    throw new FortFailError({ kind: 'damaged', code: 'agent-id', message: `unable to read agent id in '${path}'`, hint });
  }

  /** Null before first contact. */
  get id(): string | null {
    return this.#id;
  }

  /** Keeps the id the orchestrator gave. */
  async accept(id: string): Promise<void> {
    if (id === this.#id) return;
    await replaceFile(this.#path, `${id}\n`);
    this.#id = id;
  }
}
