import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asFortFailError, FortFailError } from '@fortfail/base';
import type { Alarms } from '../alarms/alarms.ts';
import { errnoOf, replaceFile } from '../durable-file.ts';
import { type ReadPolicy, readPolicy } from './read-policy.ts';

/**
 * The host's policy as it is at each moment: read anew for every order, since root may change it at any time. A change is
 * told once, also one that was made while the agent was down.
 */
export class PolicyWatch {
  readonly #paths: readonly string[];
  readonly #digestPath: string;
  #last: ReadPolicy;

  private constructor(paths: readonly string[], digestPath: string, last: ReadPolicy) {
    this.#paths = paths;
    this.#digestPath = digestPath;
    this.#last = last;
  }

  /** Throws `denied` or `invalid-input` for a policy that cannot be used: an agent does not start without its rules. */
  static async open(paths: readonly string[], agentFolder: string): Promise<PolicyWatch> {
    return new PolicyWatch(paths, join(agentFolder, 'policy-digest'), await readPolicy(paths));
  }

  /** The policy that was read last. */
  get last(): ReadPolicy {
    return this.#last;
  }

  /** Reads it. One that cannot be used any more lets nothing be done, and is told. */
  async read(alarms: Alarms): Promise<ReadPolicy> {
    try {
      this.#last = await readPolicy(this.#paths);
    } catch (error) {
      const { message, hint, code } = asFortFailError(error);
      await alarms.raise('policy-unreadable', `Every order is refused: ${message}.`);
      throw new FortFailError({ kind: 'denied', code, message, hint, cause: error });
    }
    await this.tell(alarms);
    return this.#last;
  }

  /** Compares with what was told last. The first policy of an agent is no change. */
  async tell(alarms: Alarms): Promise<void> {
    const told = await readFile(this.#digestPath, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    const { digest, path } = this.#last;
    if (told?.trim() === digest) return;
    await replaceFile(this.#digestPath, `${digest}\n`);
    if (told === undefined) return;
    await alarms.raise('policy-changed', `The policy of this host was changed${path === null ? ': its file is gone' : `, '${path}'`}.`);
  }
}
