import { type Clock, isFortFailError } from '@fortfail/base';
import { checkedBody, type ObjectClaim, type ObjectStore, promote } from '@fortfail/storage';
import type { Change, ChangeContext, Changes } from '../changes/changes.ts';
import type { Database } from '../database/database.ts';
import type { LegacySnapshotTable } from '../database/tables.ts';
import { randomHex } from '../ids.ts';
import type { Caller } from './caller.ts';
import { claimId, findClaim } from './claims.ts';
import { recordOf } from './records.ts';
import { refuse } from './refusal.ts';
import { checkActsFor, checkDownload, checkMayBe, type RightsRules, seesAgent } from './rights.ts';

/** How long a presigned URL works. */
const incomingSeconds = 900;
/** How long somebody waits for the check of an object that was uploaded past us. */
const promotePatienceMs = 8000;

export interface SnapshotDraft {
  readonly id: string;
  readonly agentId: string;
  readonly checksum: string;
  readonly sizeBytes: number;
  readonly metadata: string | null;
}

export interface SnapshotParts {
  readonly database: Database;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly objects: ObjectStore;
  readonly rules: RightsRules;
}

/** Snapshots of the first API: an opaque object each, which counts only once its bytes were seen to be what was said. */
export class Snapshots {
  readonly #parts: SnapshotParts;
  /** Checks under way, so that each object is read once however many ask. */
  readonly #promoting = new Map<string, Promise<void>>();

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  /** Throws 404. */
  async load(id: string): Promise<LegacySnapshotTable> {
    const row = await this.#parts.database.read.selectFrom('legacy_snapshot').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw noSuchSnapshot();
    return row;
  }

  /** Takes the description of a snapshot. Throws 403 for a foreign agent id, 409 for a known one, `no-space`. */
  async register(caller: Caller, draft: SnapshotDraft, context: ChangeContext): Promise<{ presignedUrl: string | null }> {
    const { database, objects, changes } = this.#parts;
    if (caller.kind === 'person') throw refuse(403, 'other-agent', 'Only agents register snapshots');
    await checkMayBe(database.read, caller, draft.agentId);
    await objects.reserve(draft.sizeBytes);
    const objectId = randomHex(16);
    const incoming = objects.presignPut === undefined ? null : `incoming/${objectId}/${randomHex(16)}`;
    for (let tries = 1; ; tries += 1) {
      try {
        await changes.run(context, (change) => insertSnapshot(change, caller, draft, objectId, incoming));
        break;
      } catch (error) {
        // Either the snapshot is there, or somebody claimed the agent id in this moment: then once more.
        if (!isFortFailError(error, 'conflict') || error.code !== 'not-unique') throw error;
        if (tries > 1 || (await this.#isKnown(draft.id))) throw refuse(409, 'snapshot-known', 'Snapshot already exists');
      }
    }
    if (incoming === null || objects.presignPut === undefined) return { presignedUrl: null };
    const claim = { sizeBytes: draft.sizeBytes, sha256: draft.checksum };
    return { presignedUrl: await objects.presignPut(incoming, claim, incomingSeconds) };
  }

  /**
   * Takes the bytes. Throws 400 when they are not what was registered, 413 when they are more, 403, 404, `no-space`. The
   * same bytes once more change nothing, so that a client whose answer was lost may try again; others throw 409.
   */
  async upload(caller: Caller, id: string, body: AsyncIterable<Uint8Array>, context: ChangeContext): Promise<void> {
    const row = await this.forUpload(caller, id);
    if (row.status === 'uploaded') return compare(body, claimOf(row));
    await this.#parts.objects.reserve(row.size_bytes);
    try {
      await this.#parts.objects.put(row.object_key, body, claimOf(row));
    } catch (error) {
      throw inWords(error, claimOf(row));
    }
    await this.#markUploaded(row, context);
  }

  /** The snapshot that the caller may upload. Throws 403, 404. */
  async forUpload(caller: Caller, id: string): Promise<LegacySnapshotTable> {
    const row = await this.load(id);
    await checkActsFor(this.#parts.database.read, caller, row.legacy_id);
    return row;
  }

  /** The snapshot that the caller may see. Throws 404 for any other, as if it were not there. */
  async forReading(caller: Caller, id: string): Promise<LegacySnapshotTable> {
    const row = await this.load(id);
    if (seesAgent(caller, await findClaim(this.#parts.database.read, row.legacy_id), row.legacy_id)) return row;
    throw noSuchSnapshot();
  }

  /** Checks what was uploaded past us, when there is something; whatever comes of it. */
  async settleIfThere(caller: Caller, id: string): Promise<void> {
    await this.settle(await this.forReading(caller, id)).catch(ignoreRefusal);
  }

  /** The bytes of a snapshot; their end comes only when they were right. Throws 403, 404. */
  async download(caller: Caller, id: string): Promise<{ sizeBytes: number; body: AsyncIterable<Uint8Array>; checksum: string }> {
    const { database, objects, rules, clock } = this.#parts;
    const row = await this.load(id);
    await checkDownload(database.read, caller, row, rules, clock.now().toISOString());
    await this.settle(row);
    const found = await objects.get(row.object_key).catch((error: unknown) => {
      if (isFortFailError(error, 'not-found')) throw refuse(404, 'no-such-object', 'Snapshot object not found');
      throw error;
    });
    return { sizeBytes: found.sizeBytes, body: checkedBody(found.body, claimOf(row), true), checksum: row.checksum };
  }

  /**
   * Makes sure that the snapshot has its object, checking one that was uploaded past us. Throws 404 when there is none yet,
   * 400 when it is not what was registered, 409 while the check goes on.
   */
  async settle(row: LegacySnapshotTable): Promise<void> {
    if (row.status === 'uploaded') return;
    if (row.incoming_key === null) throw noObject();
    let checking = this.#promoting.get(row.id);
    if (checking === undefined) {
      checking = this.#promote(row, row.incoming_key).finally(() => this.#promoting.delete(row.id));
      this.#promoting.set(row.id, checking);
    }
    const stop = new AbortController();
    const impatience = this.#parts.clock.sleep(promotePatienceMs, stop.signal).then(
      () => true,
      () => false,
    );
    try {
      const isLate = await Promise.race([checking.then(() => false), impatience]);
      if (isLate) throw refuse(409, 'object-in-check', 'The uploaded object is still being checked, try again', 5);
    } finally {
      stop.abort();
    }
  }

  /** Checks what was uploaded past us meanwhile, and drops what was registered and never came. */
  async sweep(before: { readonly dropped: string; readonly context: ChangeContext }): Promise<void> {
    const { database, changes, objects } = this.#parts;
    const open = await database.read
      .selectFrom('legacy_snapshot')
      .selectAll()
      .where('status', '=', 'registered')
      .orderBy('created_at')
      .limit(200)
      .execute();
    for (const row of open) {
      if (row.incoming_key !== null) await this.settle(row).catch(ignoreRefusal);
      if (row.created_at >= before.dropped) continue;
      const isDropped = await changes.run(before.context, async (change) => {
        const gone = await change.tx
          .deleteFrom('legacy_snapshot')
          .where('id', '=', row.id)
          .where('status', '=', 'registered')
          .returning('id')
          .executeTakeFirst();
        if (gone === undefined) return change.nothing(false);
        change.audit(recordOf('snapshot_dropped', { kind: 'snapshot', id: row.id }, { snapshot_id: row.id, agent_id: row.legacy_id }));
        return true;
      });
      if (isDropped && row.incoming_key !== null) await objects.remove(row.incoming_key);
    }
  }

  async #isKnown(id: string): Promise<boolean> {
    return (
      (await this.#parts.database.read.selectFrom('legacy_snapshot').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
    );
  }

  async #promote(row: LegacySnapshotTable, incoming: string): Promise<void> {
    const { objects, changes } = this.#parts;
    const context: ChangeContext = { actor: { id: row.legacy_id, kind: 'legacy', via: 'presigned-url' }, request: 'none' };
    const found = await objects.head(incoming);
    if (found === undefined) throw noObject();
    try {
      await promote(objects, incoming, row.object_key, claimOf(row));
    } catch (error) {
      if (!isFortFailError(error, 'invalid-input')) throw error;
      // It can never become right; removed, so that the right one can still come.
      await objects.remove(incoming);
      await changes.run(context, async (change) => {
        change.audit({
          ...recordOf(
            'snapshot_refused',
            { kind: 'snapshot', id: row.id },
            { snapshot_id: row.id, agent_id: row.legacy_id, reason: error.code },
          ),
          outcome: 'refused',
        });
      });
      throw inWords(error, claimOf(row));
    }
    await this.#markUploaded(row, context);
  }

  async #markUploaded(row: LegacySnapshotTable, context: ChangeContext): Promise<void> {
    await this.#parts.changes.run(context, async (change) => {
      const marked = await change.tx
        .updateTable('legacy_snapshot')
        .set({ status: 'uploaded', uploaded_at: change.now, incoming_key: null, incoming_until: null })
        .where('id', '=', row.id)
        .where('status', '=', 'registered')
        .returning('id')
        .executeTakeFirst();
      if (marked === undefined) return change.nothing();
      const fields = { snapshot_id: row.id, agent_id: row.legacy_id, size: row.size_bytes };
      change.audit(recordOf('snapshot_uploaded', { kind: 'snapshot', id: row.id }, fields));
      const claim = await findClaim(change.tx, row.legacy_id);
      change.event('agent', claim?.agent_id ?? 'pool');
    });
  }
}

async function insertSnapshot(
  change: Change,
  caller: Caller,
  draft: SnapshotDraft,
  objectId: string,
  incoming: string | null,
): Promise<void> {
  await checkMayBe(change.tx, caller, draft.agentId);
  const claim = (await findClaim(change.tx, draft.agentId)) ?? (await claimFor(change, caller, draft.agentId));
  await change.tx
    .insertInto('legacy_snapshot')
    .values({
      id: draft.id,
      legacy_id: draft.agentId,
      checksum: draft.checksum,
      size_bytes: draft.sizeBytes,
      metadata: draft.metadata,
      status: 'registered',
      object_key: `objects/${objectId.slice(0, 2)}/${objectId}`,
      incoming_key: incoming,
      incoming_until: incoming === null ? null : new Date(Date.parse(change.now) + incomingSeconds * 1000).toISOString(),
      created_at: change.now,
      uploaded_at: null,
    })
    .execute();
  const fields = { snapshot_id: draft.id, agent_id: draft.agentId, size: draft.sizeBytes, checksum: draft.checksum };
  change.audit(recordOf('snapshot_created', { kind: 'snapshot', id: draft.id }, fields));
  change.event('agent', claim.agent_id);
}

/** The first to name a free id takes it: a native agent for itself, a token without id for the pool. */
async function claimFor(change: Change, caller: Caller, id: string) {
  if (caller.kind === 'newcomer') return claimId(change, id, { claim: 'native', agentId: caller.agentId, address: null });
  return claimId(change, id, { claim: caller.kind === 'pool' ? 'pool' : 'agent', address: null });
}

async function compare(body: AsyncIterable<Uint8Array>, claim: ObjectClaim): Promise<void> {
  try {
    for await (const _piece of checkedBody(body, claim));
  } catch (error) {
    if (isFortFailError(error, 'invalid-input')) throw refuse(409, 'snapshot-uploaded', 'Snapshot already has another object, which stays');
    throw error;
  }
}

function claimOf(row: LegacySnapshotTable): ObjectClaim {
  return { sizeBytes: row.size_bytes, sha256: row.checksum };
}

function noSuchSnapshot(): Error {
  return refuse(404, 'no-such-snapshot', 'Snapshot not found');
}

function noObject(): Error {
  return refuse(404, 'no-such-object', 'Snapshot object not found: it was registered and not uploaded yet');
}

/** What was wrong with the bytes, as the first API says it. */
function inWords(error: unknown, claim: ObjectClaim): unknown {
  if (!isFortFailError(error, 'invalid-input')) return error;
  const { actualSha256, actualSizeBytes } = error.context;
  if (error.code === 'object-too-long')
    return refuse(413, error.code, `Object is larger than the ${claim.sizeBytes} bytes that were registered`);
  const size = error.code === 'object-too-short' ? ` (${String(actualSizeBytes)} bytes instead of ${claim.sizeBytes})` : '';
  return refuse(400, error.code, `Checksum mismatch: expected ${claim.sha256}, got ${String(actualSha256)}${size}`);
}

/** While sweeping, what is wrong with one snapshot is its own matter; what is wrong with the store is everybody's. */
function ignoreRefusal(error: unknown): void {
  if (isFortFailError(error, 'not-found') || isFortFailError(error, 'invalid-input') || isFortFailError(error, 'conflict')) return;
  throw error;
}
