import type { AuditHead } from '@fortfail/protocol';
import { headText, namespaces } from '@fortfail/trust';
import { systemContext } from '../changes/changes.ts';
import type { Reader } from '../database/database.ts';
import type { SignedHeadTable } from '../database/tables.ts';
import { recordSigners } from '../keys/signers.ts';
import { goRounds } from '../replicas/rounds.ts';
import type { Services } from '../services.ts';
import { chains } from './audit-record.ts';

const everyMs = 60_000;
/** Signed heads kept per chain: a month of one a minute. Older ones live on with the witnesses and in evidence. */
const kept = 43_200;

type Needs = Pick<Services, 'database' | 'changes' | 'clock' | 'logger' | 'keys' | 'site' | 'hub'>;

/**
 * Signs how far the audit chains go, a minute after they moved and at the end, and sends each signed head to every agent.
 * Whoever rewrites the chain later contradicts what the agents keep.
 */
export class HeadSigner {
  readonly #services: Needs;

  constructor(services: Needs) {
    this.#services = services;
  }

  /** Until the signal, and once more after it. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#services;
    let isPrepared = false;
    const round = async (): Promise<void> => {
      if (!isPrepared) await this.prepare();
      isPrepared = true;
      await this.signNow();
    };
    // Every process signs what it sees: of two that sign one state the first one's head is kept.
    await goRounds({ clock, logger, everyMs, component: 'audit' }, signal, round);
    await round().catch((err: unknown) => logger.error({ component: 'audit', err }, 'signing the last heads failed'));
  }

  /** Puts our public keys on the list by which signatures are verified. */
  async prepare(): Promise<void> {
    const { changes, keys } = this.#services;
    await changes.run(systemContext, (change) => recordSigners(change, keys));
  }

  /** Signs the chains that moved since their last signed head; answers the new heads, already on their way to the agents. */
  async signNow(): Promise<AuditHead[]> {
    const heads: AuditHead[] = [];
    for (const chain of chains) {
      const head = await this.#sign(chain);
      if (head !== undefined) heads.push(head);
    }
    for (const head of heads) this.#services.hub.broadcast({ type: 'head', head });
    return heads;
  }

  /** Signing is no change of what the chain tells of: it leaves no record, or each head would call for the next. */
  async #sign(chain: string): Promise<AuditHead | undefined> {
    const { database, clock, keys, site } = this.#services;
    return database.transaction(async (tx) => {
      const head = await tx.selectFrom('audit_head').selectAll().where('chain', '=', chain).executeTakeFirst();
      if (head === undefined || head.seq === 0) return undefined;
      const made = clock.now().toISOString();
      const text = headText({ chain, seq: head.seq, hash: head.hash, made, site: site.id });
      const row: SignedHeadTable = {
        chain,
        seq: head.seq,
        hash: head.hash,
        made,
        text,
        signature: keys.evidence.sign(text, namespaces.auditHead),
      };
      const stored = await tx
        .insertInto('signed_head')
        .values(row)
        .onConflict((conflict) => conflict.columns(['chain', 'seq']).doNothing())
        .returning('seq')
        .executeTakeFirst();
      if (stored === undefined) return undefined;
      await tx
        .deleteFrom('signed_head')
        .where('chain', '=', chain)
        .where('seq', 'in', (query) =>
          query.selectFrom('signed_head').select('seq').where('chain', '=', chain).orderBy('seq', 'desc').offset(kept).limit(100),
        )
        .execute();
      return toAuditHead(row);
    });
  }
}

/** A signed head as the protocol tells it. */
export function toAuditHead(row: SignedHeadTable): AuditHead {
  const { chain, seq, hash, made, text, signature } = row;
  return { chain, seq, hash, made, signed: { text, signature } };
}

/** The newest signed head of each chain: what an agent is sent when it connects. */
export async function newestHeads(reader: Reader): Promise<AuditHead[]> {
  const heads: AuditHead[] = [];
  for (const chain of chains) {
    const row = await reader.selectFrom('signed_head').selectAll().where('chain', '=', chain).orderBy('seq', 'desc').executeTakeFirst();
    if (row !== undefined) heads.push(toAuditHead(row));
  }
  return heads;
}
