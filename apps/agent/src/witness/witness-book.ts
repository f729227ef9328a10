import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isFortFailError, type Logger } from '@fortfail/base';
import { type AuditHead, auditHead } from '@fortfail/protocol';
import { formatSshPublicKey, namespaces, parseSshPublicKey, type SshPublicKey, verifySshSignature } from '@fortfail/trust';
import { z } from 'zod';
import { createFile, errnoOf, replaceFile } from '../durable-file.ts';
import type { OutgoingFrame } from '../link/agent-link.ts';
import { signerOf } from './signer-of.ts';

const seenHead = z.object({ head: auditHead, seenAt: z.string() });
type SeenHead = z.infer<typeof seenHead>;
type WitnessFrame = Extract<OutgoingFrame, { type: 'witness' }>;

/** Heads of one chain that are kept. */
const mostHeads = 1000;
const chains = ['main', 'access'] as const;
type Chain = (typeof chains)[number];

/** What the signed text says; the frame's fields must say the same. */
const headText = z.object({ chain: z.string(), hash: z.string(), made: z.string(), seq: z.int(), site: z.string() });

export interface WitnessParts {
  readonly agentFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Evidence keys that the owner's roster names; none: the key seen first counts. */
  readonly rosterKeys: () => Promise<readonly string[]>;
}

/** What came of a head: the words for the orchestrator, and for this host's own alarm when it does not fit. */
export interface Witnessed {
  readonly frame: WitnessFrame;
  readonly fault: string | null;
}

/**
 * Keeps signed heads of the site's audit chains, so that whoever cuts, changes or rewrites the chain there finds another
 * word of it here: `<data>/agent/heads-<chain>.jsonl`. A head that goes back, or differs at one number, is never kept.
 */
export class WitnessBook {
  readonly #parts: WitnessParts;
  readonly #heads = new Map<Chain, SeenHead[]>();
  readonly #lines = new Map<Chain, number>();
  #pinned: string | undefined;

  private constructor(parts: WitnessParts) {
    this.#parts = parts;
  }

  static async open(parts: WitnessParts): Promise<WitnessBook> {
    const book = new WitnessBook(parts);
    book.#pinned = (await readText(book.#keyPath))?.trim();
    for (const chain of chains) await book.#load(chain);
    return book;
  }

  /** Judges a head and keeps it when it fits; undefined for one of a chain nobody knows. */
  async see(head: AuditHead): Promise<Witnessed | undefined> {
    const chain = chains.find((name) => name === head.chain);
    if (chain === undefined) return undefined;
    const forged = await this.#forged(head);
    const known = this.#heads.get(chain) ?? [];
    if (forged !== null) return this.#differs(head, known.at(-1), forged);
    const same = known.find((seen) => seen.head.seq === head.seq);
    const newest = known.at(-1);
    if (same !== undefined && same.head.hash !== head.hash)
      return this.#differs(head, same, `record ${head.seq} of the audit chain '${chain}' has another hash than it had`);
    if (same === undefined && newest !== undefined && head.seq < newest.head.seq)
      return this.#differs(head, newest, `the audit chain '${chain}' went back from record ${newest.head.seq} to ${head.seq}`);
    const seen = same ?? (await this.#keep(chain, head));
    return { frame: frameOf(seen, head.chain, 'agrees'), fault: null };
  }

  /** Heads of a chain, newest first. */
  heads(chain: string, limit: number): AuditHead[] {
    const name = chains.find((known) => known === chain);
    const known = name === undefined ? [] : (this.#heads.get(name) ?? []);
    return known
      .slice(-Math.min(limit, mostHeads))
      .map(({ head }) => head)
      .reverse();
  }

  get #keyPath(): string {
    return join(this.#parts.agentFolder, 'evidence-key');
  }

  #pathOf(chain: Chain): string {
    return join(this.#parts.agentFolder, `heads-${chain}.jsonl`);
  }

  /** Why a head is not the site's word; null when it is. The first key seen is pinned, unless the roster names keys. */
  async #forged(head: AuditHead): Promise<string | null> {
    const { text, signature } = head.signed;
    try {
      const keys = await this.#keys(signature);
      const key = verifySshSignature({ bytes: text, signature, namespace: namespaces.auditHead, keys });
      const said = headText.parse(JSON.parse(text));
      if (said.chain !== head.chain || said.seq !== head.seq || said.hash !== head.hash)
        return 'a head of the audit chain is not the one that was signed';
      if (this.#pinned === undefined) await this.#pin(key);
      return null;
    } catch (error) {
      const code = isFortFailError(error) ? error.code : 'head-malformed';
      return `a head of the audit chain is not signed by the site's evidence key (${code})`;
    }
  }

  async #keys(signature: string): Promise<SshPublicKey[]> {
    const named = await this.#parts.rosterKeys();
    if (named.length > 0) return named.map(parseSshPublicKey);
    if (this.#pinned !== undefined) return [parseSshPublicKey(this.#pinned)];
    return [signerOf(signature)];
  }

  async #pin(key: SshPublicKey): Promise<void> {
    const line = formatSshPublicKey(key);
    await createFile(this.#keyPath, `${line}\n`);
    this.#pinned = line;
  }

  #differs(head: AuditHead, ours: SeenHead | undefined, fault: string): Witnessed {
    const seen = ours ?? { head: { ...head, seq: 0, hash: '0'.repeat(64) }, seenAt: this.#parts.clock.now().toISOString() };
    return { frame: frameOf(seen, head.chain, 'differs'), fault };
  }

  async #keep(chain: Chain, head: AuditHead): Promise<SeenHead> {
    const seen = { head, seenAt: this.#parts.clock.now().toISOString() };
    const known = [...(this.#heads.get(chain) ?? []), seen].slice(-mostHeads);
    const lines = (this.#lines.get(chain) ?? 0) + 1;
    if (lines <= 2 * mostHeads) await appendFile(this.#pathOf(chain), `${JSON.stringify(seen)}\n`, { mode: 0o600, flush: true });
    else await replaceFile(this.#pathOf(chain), known.map((one) => `${JSON.stringify(one)}\n`).join(''));
    this.#lines.set(chain, lines <= 2 * mostHeads ? lines : known.length);
    this.#heads.set(chain, known);
    return seen;
  }

  async #load(chain: Chain): Promise<void> {
    const lines = ((await readText(this.#pathOf(chain))) ?? '').split('\n').filter((line) => line !== '');
    const seen = lines.flatMap((line) => {
      const { success, data } = seenHead.safeParse(parseJson(line));
      return success ? [data] : [];
    });
    if (seen.length < lines.length) {
      // A crash may leave half a line at the end; a line after it would be lost with it.
      this.#parts.logger.warn({ component: 'witness', chain, lost: lines.length - seen.length }, 'kept heads not understood');
      await replaceFile(this.#pathOf(chain), seen.map((one) => `${JSON.stringify(one)}\n`).join(''));
    }
    this.#heads.set(chain, seen.slice(-mostHeads));
    this.#lines.set(chain, seen.length);
  }
}

function frameOf({ head, seenAt }: SeenHead, chain: string, verdict: 'agrees' | 'differs'): WitnessFrame {
  return { type: 'witness', chain, headSeq: head.seq, hash: head.hash, seenAt, verdict };
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Half a line.
    return undefined;
  }
}
