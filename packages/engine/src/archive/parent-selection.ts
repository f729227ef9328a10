import type { Repository, Snapshot } from '@fortfail/repository';

export interface ParentRequest {
  readonly parent: string | undefined;
  readonly force: boolean;
  readonly groupBy: readonly ('host' | 'paths' | 'tags')[];
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly notAfter: Date;
}

/**
 * The snapshot to compare with: the one asked for, else the newest of the same host, paths and tags (as far as `groupBy`
 * names them) that is not newer than the backup itself. Undefined means that everything is read.
 */
export async function selectParent(repository: Repository, request: ParentRequest): Promise<Snapshot | undefined> {
  if (request.force) return undefined;
  if (request.parent !== undefined && request.parent !== '') return repository.findSnapshot(request.parent);
  let newest: Snapshot | undefined;
  for (const snapshot of await repository.listSnapshots()) {
    if (!isCandidate(snapshot, request)) continue;
    if (newest === undefined || snapshot.timeNs > newest.timeNs) newest = snapshot;
  }
  return newest;
}

function isCandidate(snapshot: Snapshot, request: ParentRequest): boolean {
  if (snapshot.timeNs > BigInt(request.notAfter.getTime()) * 1_000_000n) return false;
  if (request.groupBy.includes('host') && snapshot.hostname !== request.hostname) return false;
  if (request.groupBy.includes('paths') && !request.paths.every((path) => snapshot.paths.includes(path))) return false;
  return !request.groupBy.includes('tags') || request.tags.every((tag) => snapshot.tags.includes(tag));
}
