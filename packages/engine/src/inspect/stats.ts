import { hash } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import type { Repository, Snapshot, TreeNode } from '@fortfail/repository';
import { walkTree } from './walk-tree.ts';

export type StatsMode = 'restore-size' | 'files-by-contents' | 'blobs-per-file' | 'raw-data';

export interface SnapshotStats {
  readonly totalSize: number;
  /** The following four in mode raw-data only. */
  readonly totalUncompressedSize: number;
  readonly compressionRatio: number;
  readonly compressionProgress: number;
  readonly compressionSpaceSaving: number;
  /** In every mode but raw-data. */
  readonly totalFileCount: number;
  /** In modes blobs-per-file and raw-data. */
  readonly totalBlobCount: number;
  readonly snapshotsCount: number;
}

/** Counts what snapshots hold, by restic's meaning of each mode. Throws `damaged` when a tree cannot be read. */
export async function stats(
  repository: Repository,
  snapshots: readonly Snapshot[],
  mode: StatsMode,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SnapshotStats> {
  const counter = counterOf(repository, mode);
  for (const snapshot of snapshots) {
    counter.beginSnapshot(snapshot);
    const visitor = {
      enter: (path: Buffer, node: TreeNode): boolean => counter.take(path, node),
      entry: (path: Buffer, node: TreeNode): void => void counter.take(path, node),
      leave: () => undefined,
      damaged(_path: Buffer, error: unknown): never {
        throw error;
      },
    };
    await walkTree(repository, snapshot.tree, visitor, { signal: options.signal });
  }
  return { ...counter.totals(), snapshotsCount: snapshots.length };
}

interface StatsCounter {
  beginSnapshot(snapshot: Snapshot): void;
  /** Answers whether what is below needs to be seen. */
  take(path: Buffer, node: TreeNode): boolean;
  totals(): Omit<SnapshotStats, 'snapshotsCount'>;
}

function counterOf(repository: Repository, mode: StatsMode): StatsCounter {
  switch (mode) {
    case 'restore-size':
      return new RestoreSizeCounter();
    case 'files-by-contents':
      return new ContentsCounter(repository, false);
    case 'blobs-per-file':
      return new ContentsCounter(repository, true);
    case 'raw-data':
      return new RawDataCounter(repository);
  }
}

const noTotals = {
  totalSize: 0,
  totalUncompressedSize: 0,
  compressionRatio: 0,
  compressionProgress: 0,
  compressionSpaceSaving: 0,
  totalFileCount: 0,
  totalBlobCount: 0,
};

/** What a restore writes: a file of several names once in each snapshot. */
class RestoreSizeCounter implements StatsCounter {
  #size = 0;
  #files = 0;
  #linked = new Set<string>();

  beginSnapshot(): void {
    this.#linked = new Set();
  }

  take(_path: Buffer, node: TreeNode): boolean {
    this.#files += 1;
    if (node.links === 1n || node.type === 'dir') {
      this.#size += Number(node.size);
    } else {
      const key = `${node.inode}:${node.deviceId}`;
      if (!this.#linked.has(key)) this.#size += Number(node.size);
      this.#linked.add(key);
    }
    return true;
  }

  totals(): Omit<SnapshotStats, 'snapshotsCount'> {
    return { ...noTotals, totalSize: this.#size, totalFileCount: this.#files };
  }
}

/** Files that differ in content, each once over all snapshots; or the blobs each of them refers to. */
class ContentsCounter implements StatsCounter {
  readonly #repository: Repository;
  readonly #countsBlobs: boolean;
  readonly #contents = new Set<string>();
  readonly #paths = new Set<string>();
  readonly #references = new Set<string>();
  #size = 0;
  #files = 0;

  constructor(repository: Repository, countsBlobs: boolean) {
    this.#repository = repository;
    this.#countsBlobs = countsBlobs;
  }

  beginSnapshot(): void {
    return;
  }

  take(path: Buffer, node: TreeNode): boolean {
    const key = hash('sha256', (node.content ?? []).join(''), 'base64');
    if (this.#contents.has(key)) return true;
    this.#contents.add(key);
    if (this.#countsBlobs) {
      this.#takeBlobs(path.toString('latin1'), node);
    } else {
      this.#size += Number(node.size);
      this.#files += 1;
    }
    return true;
  }

  #takeBlobs(path: string, node: TreeNode): void {
    for (const id of node.content ?? []) {
      if (!this.#paths.has(path)) this.#files += 1;
      this.#paths.add(path);
      const reference = `${id}${path}`;
      if (this.#references.has(reference)) continue;
      this.#references.add(reference);
      this.#size += plainLength(this.#repository, id);
    }
  }

  totals(): Omit<SnapshotStats, 'snapshotsCount'> {
    return {
      ...noTotals,
      totalSize: this.#size,
      totalFileCount: this.#files,
      totalBlobCount: this.#countsBlobs ? this.#references.size : 0,
    };
  }
}

/** Bytes of a blob's plaintext. Throws `damaged` when the index does not know it. */
function plainLength(repository: Repository, id: string): number {
  const found = repository.index.find('data', Buffer.from(id, 'hex'));
  if (found === undefined)
    throw new FortFailError({ kind: 'damaged', code: 'blob-missing', message: `unable to find blob '${id}' in the index` });
  return found.uncompressedLength || found.length - sealedOverhead;
}

/** What sealing adds to a blob. */
const sealedOverhead = 32;

/** Every blob that the snapshots need, each once, as it is stored. */
class RawDataCounter implements StatsCounter {
  readonly #repository: Repository;
  readonly #seen = new Set<string>();
  #size = 0;
  #uncompressedSize = 0;
  #compressedFrom = 0;
  #compressedTo = 0;

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  beginSnapshot(snapshot: Snapshot): void {
    this.#takeBlob('tree', snapshot.tree);
  }

  take(_path: Buffer, node: TreeNode): boolean {
    for (const id of node.content ?? []) this.#takeBlob('data', id);
    return node.subtree !== undefined && this.#takeBlob('tree', node.subtree);
  }

  /** True when the blob was not seen before. */
  #takeBlob(type: 'data' | 'tree', id: string): boolean {
    const bytes = Buffer.from(id, 'hex');
    const key = `${type === 'data' ? 'd' : 't'}${bytes.toString('latin1')}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    const found = this.#repository.index.find(type, bytes);
    if (found === undefined)
      throw new FortFailError({ kind: 'damaged', code: 'blob-missing', message: `unable to find blob '${id}' in the index` });
    this.#size += found.length;
    // As if the plaintext itself had been sealed: restic compares like with like.
    const sealedPlain = (found.uncompressedLength || found.length - sealedOverhead) + sealedOverhead;
    this.#uncompressedSize += sealedPlain;
    if (found.uncompressedLength > 0) {
      this.#compressedTo += found.length;
      this.#compressedFrom += sealedPlain;
    }
    return true;
  }

  totals(): Omit<SnapshotStats, 'snapshotsCount'> {
    return {
      ...noTotals,
      totalSize: this.#size,
      totalUncompressedSize: this.#uncompressedSize,
      compressionRatio: this.#compressedTo === 0 ? 0 : this.#compressedFrom / this.#compressedTo,
      compressionProgress: this.#uncompressedSize === 0 ? 0 : (this.#compressedFrom / this.#uncompressedSize) * 100,
      compressionSpaceSaving: this.#uncompressedSize === 0 ? 0 : (1 - this.#size / this.#uncompressedSize) * 100,
      totalBlobCount: this.#seen.size,
    };
  }
}
