import { readHeads, verifyAll } from '../audit/verify.ts';
import { type Change, systemContext } from '../changes/changes.ts';
import type { AlertTable } from '../database/tables.ts';
import type { Services } from '../services.ts';
import { type AlertDraft, endAlert, raiseAlert } from './alerts.ts';
import { silentAfterMs, standingAlerts, standingKinds } from './standing-alerts.ts';

const roundEveryMs = 30_000;
const verifyEveryMs = 6 * 3_600_000;
const firstVerifyAfterMs = 600_000;
const dayMs = 86_400_000;
/** How long alerts that ended are kept. */
const keptDays = 400;

type Needs = Pick<Services, 'database' | 'changes' | 'clock' | 'logger' | 'hub' | 'auditFile' | 'leader'>;
type Standing = Pick<AlertTable, 'kind' | 'object_kind' | 'object_id' | 'severity' | 'sentence'>;

/** Compares what the catalog says with the alerts that are open: raises what is new, ends what is over. */
export class AlertWatch {
  readonly #services: Needs;
  readonly #begunMs: number;

  constructor(services: Needs) {
    this.#services = services;
    this.#begunMs = services.clock.monotonicMs();
  }

  /** Looks every half minute, and verifies the audit chain every six hours, until the signal; of several processes the leading one does. */
  async work(signal: AbortSignal): Promise<void> {
    const { clock, logger, leader } = this.#services;
    let verifyAtMs = this.#begunMs + firstVerifyAfterMs;
    for (;;) {
      await clock.sleep(roundEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        if (!leader.isLeader()) continue;
        await this.round();
        if (clock.monotonicMs() < verifyAtMs) continue;
        verifyAtMs = clock.monotonicMs() + verifyEveryMs;
        await this.verify();
        await this.#prune();
      } catch (err) {
        logger.error({ component: 'alerts', err }, 'watching failed');
      }
    }
  }

  /** One comparison. Nothing is written when nothing changed. */
  async round(): Promise<void> {
    const due = (await standingAlerts(this.#services)).filter((draft) => this.#isSettled(draft));
    const open = await this.#open(this.#services.database.read);
    const pending = this.#isSettledAgents() ? open : open.filter((row) => row.kind !== 'agent-silent');
    if (isSame(due, pending)) return;
    await this.#services.changes.run(systemContext, (change) => this.#settle(change, due));
  }

  /** Verifies the chains and the audit file and says so when they are not whole. */
  async verify(): Promise<void> {
    const { database, auditFile, changes } = this.#services;
    const heads = await readHeads(database.read);
    await auditFile?.flush();
    const { result } = await verifyAll(database.read, auditFile?.path, heads);
    const object = { kind: 'audit', id: 'audit' };
    await changes.run(systemContext, async (change) => {
      if (result.whole) return endAlert(change, { kind: 'audit-broken', object });
      const where = result.brokenAt === null ? '' : ` at record ${result.brokenAt}`;
      const sentence = `The audit chain ${result.chain} is broken${where}: ${result.reason ?? 'it does not verify'}. Run fortfail audit verify.`;
      await raiseAlert(change, { kind: 'audit-broken', severity: 'broken', object, sentence });
    });
  }

  async #settle(change: Change, due: readonly AlertDraft[]): Promise<void> {
    const open = new Map((await this.#open(change.tx)).map((row) => [keyOfRow(row), row]));
    for (const draft of due) {
      const row = open.get(keyOf(draft));
      open.delete(keyOf(draft));
      if (row === undefined || row.severity !== draft.severity) await raiseAlert(change, draft);
      else if (row.sentence !== draft.sentence) await reword(change, draft);
    }
    for (const row of open.values()) {
      if (row.kind === 'agent-silent' && !this.#isSettledAgents()) continue;
      await endAlert(change, { kind: row.kind, object: { kind: row.object_kind, id: row.object_id } });
    }
    change.nothing();
  }

  #open(reader: Change['tx'] | Needs['database']['read']): Promise<Standing[]> {
    return reader
      .selectFrom('alert')
      .select(['kind', 'object_kind', 'object_id', 'severity', 'sentence'])
      .where('ended_at', 'is', null)
      .where('kind', 'in', [...standingKinds])
      .execute();
  }

  /** After a start agents get time to come back before they count as silent. */
  #isSettled(draft: AlertDraft): boolean {
    return draft.kind !== 'agent-silent' || this.#isSettledAgents();
  }

  #isSettledAgents(): boolean {
    return this.#services.clock.monotonicMs() - this.#begunMs > silentAfterMs;
  }

  async #prune(): Promise<void> {
    await this.#services.changes.run(systemContext, async (change) => {
      const before = new Date(Date.parse(change.now) - keptDays * dayMs).toISOString();
      const { numDeletedRows } = await change.tx.deleteFrom('alert').where('ended_at', '<', before).executeTakeFirstOrThrow();
      if (Number(numDeletedRows) === 0) return change.nothing();
      change.audit({
        action: 'history.prune',
        object: { kind: 'site', id: 'site' },
        detail: { what: 'alerts', rows: Number(numDeletedRows) },
      });
    });
  }
}

/** Ages in a sentence go on; that is no news, so nothing is counted or told. */
async function reword(change: Change, draft: AlertDraft): Promise<void> {
  await change.tx
    .updateTable('alert')
    .set({ sentence: draft.sentence })
    .where('kind', '=', draft.kind)
    .where('object_kind', '=', draft.object.kind)
    .where('object_id', '=', draft.object.id)
    .where('ended_at', 'is', null)
    .execute();
}

function isSame(due: readonly AlertDraft[], open: readonly Standing[]): boolean {
  const found = new Map(open.map((row) => [keyOfRow(row), row]));
  const isKnown = (draft: AlertDraft): boolean => {
    const row = found.get(keyOf(draft));
    return row !== undefined && row.severity === draft.severity && row.sentence === draft.sentence;
  };
  return due.length === open.length && due.every(isKnown);
}

function keyOf({ kind, object }: AlertDraft): string {
  return `${kind} ${object.kind} ${object.id}`;
}

function keyOfRow(row: Standing): string {
  return `${row.kind} ${row.object_kind} ${row.object_id}`;
}
