import { FortFailError } from '@fortfail/base';
import { listAudit } from '../../audit/list-audit.ts';
import { toAuditHead } from '../../audit/signed-heads.ts';
import { readHeads, verifyAll } from '../../audit/verify.ts';
import { askWitnesses } from '../../audit/witnesses.ts';
import { loadDrill } from '../../catalog/load.ts';
import { readEvidence } from '../../evidence/read-evidence.ts';
import { siteAllowedSigners } from '../../keys/signers.ts';
import type { Services } from '../../services.ts';
import type { Handlers } from '../call.ts';
import { badCursor, decodeCursor, type Position, toPage } from '../cursors.ts';

type AuditRoutes = 'listAudit' | 'verifyAudit' | 'listAuditHeads' | 'listAuditWitnesses' | 'getEvidence';

/** What can be proven: the audit chains with their signed heads and witnesses, and the signed evidence of drills. */
export function auditHandlers(services: Services): Pick<Handlers, AuditRoutes> {
  const { database } = services;
  return {
    listAudit: async (call) => {
      const { limit, cursor, ...filter } = call.query;
      for (const name of ['since', 'until'] as const) requireMoment(name, filter[name]);
      const rows = await listAudit(database, filter, seqOf(decodeCursor(cursor)), limit + 1);
      return {
        body: toPage(
          rows,
          limit,
          (row) => ({ at: String(row.seq), id: '' }),
          () => true,
          ({ seq, prev, body, hash }) => ({ seq, prev, body, hash }),
        ),
      };
    },
    verifyAudit: async () => {
      const heads = await readHeads(database.read);
      await services.auditFile?.flush();
      return { body: (await verifyAll(database.read, services.auditFile?.path, heads)).result };
    },
    listAuditHeads: async (call) => {
      const { limit, cursor } = call.query;
      let query = database.read
        .selectFrom('signed_head')
        .selectAll()
        .orderBy('made', 'desc')
        .orderBy('seq', 'desc')
        .orderBy('chain', 'desc')
        .limit(limit + 1);
      const position = decodeCursor(cursor);
      if (position !== undefined) {
        const { at, seq, chain } = headPosition(position);
        query = query.where((eb) =>
          eb.or([
            eb('made', '<', at),
            eb.and([eb('made', '=', at), eb('seq', '<', seq)]),
            eb.and([eb('made', '=', at), eb('seq', '=', seq), eb('chain', '<', chain)]),
          ]),
        );
      }
      const rows = await query.execute();
      return {
        body: toPage(
          rows,
          limit,
          (row) => ({ at: row.made, id: `${row.seq} ${row.chain}` }),
          () => true,
          toAuditHead,
        ),
      };
    },
    listAuditWitnesses: async () => ({
      body: { items: await askWitnesses(services), allowedSigners: await siteAllowedSigners(database.read) },
    }),
    getEvidence: async (call) => {
      const row = await loadDrill(database.read, call.id('drillId'));
      call.check({ kind: 'drill', planId: row.plan_id, agentId: row.agent_id });
      return { body: await readEvidence(database.read, row.id) };
    },
  };
}

function requireMoment(name: string, value: string | undefined): void {
  if (value === undefined || /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(value)) return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'bad-moment',
    message: `unable to accept the query: ${name} must be like 2026-01-31 or 2026-01-31T08:00:00Z`,
  });
}

function headPosition({ at, id }: Position): { at: string; seq: number; chain: string } {
  const [, seq, chain] = /^(\d{1,15}) ([a-z]+)$/.exec(id) ?? [];
  if (seq === undefined || chain === undefined) throw badCursor();
  return { at, seq: Number(seq), chain };
}

function seqOf(position: Position | undefined): number | undefined {
  if (position === undefined) return undefined;
  if (/^\d{1,15}$/.test(position.at)) return Number(position.at);
  throw badCursor();
}
