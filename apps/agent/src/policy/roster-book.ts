import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asFortFailError, type Clock, type Logger } from '@fortfail/base';
import { type Roster, readRoster, type SignedText } from '@fortfail/trust';
import { z } from 'zod';
import { errnoOf, replaceFile } from '../durable-file.ts';

const signed = z.object({ text: z.string(), signature: z.string() });
const stored = z.object({ chain: z.array(signed).max(10) });

export interface RosterBookParts {
  readonly agentFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The pinned owner's key; null: nobody's roster counts. */
  readonly owner: () => string | null;
  /** The site's id; undefined where this agent knows none. */
  readonly siteId: () => string | undefined;
}

/**
 * The newest roster that the pinned owner signed, kept in `<data>/agent/roster.json` and never replaced by an older one. A
 * roster may name the owner's next key: then rosters by that one count from there on, and the ones between are kept with it.
 */
export class RosterBook {
  readonly #parts: RosterBookParts;
  readonly #path: string;
  #chain: readonly SignedText[];

  private constructor(parts: RosterBookParts, path: string, chain: readonly SignedText[]) {
    this.#parts = parts;
    this.#path = path;
    this.#chain = chain;
  }

  /** A file that cannot be understood counts as none. */
  static async open(parts: RosterBookParts): Promise<RosterBook> {
    const path = join(parts.agentFolder, 'roster.json');
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return '{"chain":[]}';
      throw error;
    });
    try {
      return new RosterBook(parts, path, stored.parse(JSON.parse(text)).chain);
    } catch (err) {
      parts.logger.error({ component: 'roster', path, err }, 'kept roster not understood');
      return new RosterBook(parts, path, []);
    }
  }

  /** The roster in force; undefined without owner, without one, and when it has ended or belongs to another owner. */
  current(): Roster | undefined {
    const rosters = this.#read(this.#chain);
    const newest = rosters.at(-1);
    if (newest === undefined || Date.parse(newest.until) <= this.#parts.clock.now().getTime()) return undefined;
    return newest;
  }

  /** Takes a roster in when it is the owner's and not older. Answers why not, null when all is well. */
  async offer(roster: SignedText): Promise<string | null> {
    if (this.#parts.owner() === null) return null;
    const known = this.#read(this.#chain);
    const kept = this.#chain.slice(0, known.length);
    if (kept.at(-1)?.text === roster.text) return null;
    // The one before stays only where it names the key that signed this one.
    const candidates = [
      [...kept, roster],
      [...kept.slice(0, -1), roster],
    ];
    for (const chain of candidates) {
      const rosters = this.#read(chain);
      if (rosters.length !== chain.length) continue;
      const [serial, lowest] = [rosters.at(-1)?.serial ?? 0, known.at(-1)?.serial ?? 0];
      if (serial < lowest) return `roster ${serial} is older than roster ${lowest}, which this host knows`;
      await replaceFile(this.#path, `${JSON.stringify({ chain })}\n`);
      this.#chain = chain;
      return null;
    }
    return 'a roster was sent that the owner of this host did not sign';
  }

  /** As many rosters of a chain as hold, each by the owner or by the key that the one before names. */
  #read(chain: readonly SignedText[]): Roster[] {
    const rosters: Roster[] = [];
    let owner = this.#parts.owner();
    for (const one of chain) {
      if (owner === null) break;
      try {
        const roster: Roster = readRoster({ ...one, owner, site: this.#parts.siteId() });
        rosters.push(roster);
        owner = roster.next_owner ?? owner;
      } catch (error) {
        this.#parts.logger.debug({ component: 'roster', errCode: asFortFailError(error).code }, 'roster does not hold');
        break;
      }
    }
    return rosters;
  }
}
