import type { RestorePointTable } from '../database/tables.ts';
import type { BackupFigures, RestorePoint } from './catalog-types.ts';

/** The restore point as the API tells it. */
export function toRestorePoint(row: RestorePointTable): RestorePoint {
  return {
    id: row.id,
    planId: row.plan_id,
    planName: row.plan_name,
    repositoryId: row.repository_id,
    kind: row.kind as RestorePoint['kind'],
    snapshot: row.snapshot,
    grade: row.grade as RestorePoint['grade'],
    time: row.time,
    receivedAt: row.received_at,
    hostname: row.hostname,
    paths: JSON.parse(row.paths) as string[],
    files: row.files,
    directories: row.directories,
    bytes: row.bytes,
    addedBytes: row.added_bytes,
    storedBytes: row.stored_bytes,
    errors: row.errors,
    tookSeconds: row.took_seconds,
    forgottenAt: row.forgotten_at,
    lastDrillId: row.last_drill_id,
  };
}

/** The columns that a backup's result fills. */
export function resultColumns(result: BackupFigures) {
  return {
    snapshot: result.snapshot,
    time: new Date(result.time).toISOString(),
    hostname: result.hostname,
    paths: JSON.stringify(result.paths),
    files: result.files,
    directories: result.directories,
    bytes: result.bytes,
    added_bytes: result.addedBytes,
    stored_bytes: result.storedBytes,
    errors: result.errors,
    took_seconds: result.tookSeconds,
  };
}
