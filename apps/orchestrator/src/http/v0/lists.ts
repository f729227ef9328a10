import type { LegacyAgentTable, LegacyCommandTable, LegacyJobTable, LegacySnapshotTable } from '../../database/tables.ts';
import type { Caller } from '../../first-api/caller.ts';
import { noSuchJob } from '../../first-api/restore-jobs.ts';
import { seesAgent, seesJob } from '../../first-api/rights.ts';
import type { V0Services } from './callers.ts';

interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** Rows that are looked through for one page, so that a caller who sees little cannot make us read everything. */
const mostRows = 20_000;

/** All ids of this API that the caller may see, sorted, each once, with when it was last heard of. */
export async function listAgents(services: V0Services, caller: Caller): Promise<object[]> {
  const { read } = services.database;
  const claims = await claimsById(services);
  const targets = await read.selectFrom('legacy_job').select('target').distinct().limit(mostRows).execute();
  const ids = new Set([...claims.keys(), ...targets.map(({ target }) => target)]);
  return [...ids]
    .filter((id) => seesAgent(caller, claims.get(id), id))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((id) => ({ id, last_seen: claims.get(id)?.last_seen_at ?? null }));
}

/** Snapshots of this API, newest first. */
export async function listSnapshots(services: V0Services, caller: Caller, page: Page): Promise<object[]> {
  const claims = await claimsById(services);
  const rows = await services.database.read
    .selectFrom('legacy_snapshot')
    .selectAll()
    .$if(caller.kind === 'agent', (query) => query.where('legacy_id', '=', caller.kind === 'agent' ? caller.id : ''))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(mostRows)
    .execute();
  return cut(
    rows.filter((row) => seesAgent(caller, claims.get(row.legacy_id), row.legacy_id)),
    page,
  ).map(toSnapshot);
}

/** Restore jobs that touch what the caller may see, newest first. */
export async function listJobs(services: V0Services, caller: Caller, page: Page): Promise<object[]> {
  const claims = await claimsById(services);
  const rows = await services.database.read
    .selectFrom('legacy_job as j')
    .innerJoin('legacy_snapshot as s', 's.id', 'j.snapshot_id')
    .selectAll('j')
    .select('s.legacy_id as source')
    .orderBy('j.created_at', 'desc')
    .orderBy('j.id', 'desc')
    .limit(mostRows)
    .execute();
  const sees = (row: LegacyJobTable & { source: string }) =>
    seesJob(caller, row, row.source, services.firstApi.rules, claims.get(row.target));
  return cut(rows.filter(sees), page).map((row) => ({ ...toJob(row), created_at: row.created_at, updated_at: row.updated_at }));
}

/** One job that the caller may see. Throws 404 for any other, as if it were not there. */
export async function findJob(services: V0Services, caller: Caller, id: string): Promise<LegacyJobTable> {
  const { firstApi } = services;
  const job = await firstApi.jobs.load(id);
  const snapshot = await firstApi.snapshots.load(job.snapshot_id);
  const claims = await claimsById(services);
  if (!seesJob(caller, job, snapshot.legacy_id, firstApi.rules, claims.get(job.target))) throw noSuchJob();
  return job;
}

/** What agents reported about a job, oldest first. */
export async function jobLog(services: V0Services, id: string): Promise<object[]> {
  const rows = await services.database.read.selectFrom('legacy_job_log').select('entry').where('job_id', '=', id).orderBy('n').execute();
  return rows.map(({ entry }) => JSON.parse(entry) as object);
}

export function toJob(row: LegacyJobTable) {
  return { id: row.id, snapshot_id: row.snapshot_id, target_agent_id: row.target, status: row.status };
}

export function toCommand(row: LegacyCommandTable) {
  return { id: row.id, command_type: row.command_type, payload: JSON.parse(row.payload) as object };
}

export function toSnapshot(row: LegacySnapshotTable) {
  return {
    id: row.id,
    agent_id: row.legacy_id,
    checksum: row.checksum,
    size: row.size_bytes,
    metadata: row.metadata === null ? null : (JSON.parse(row.metadata) as object),
    status: row.status,
    created_at: row.created_at,
    uploaded_at: row.uploaded_at,
  };
}

async function claimsById(services: V0Services): Promise<Map<string, LegacyAgentTable>> {
  const rows = await services.database.read.selectFrom('legacy_agent').selectAll().limit(mostRows).execute();
  return new Map(rows.map((row) => [row.id, row]));
}

function cut<T>(rows: readonly T[], { limit, offset }: Page): T[] {
  return rows.slice(offset, offset + limit);
}
