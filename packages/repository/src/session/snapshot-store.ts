import { boundedMap, FortFailError, isFortFailError } from '@fortfail/base';
import { listAll } from '@fortfail/storage';
import type { DocumentStore } from '../document-store.ts';
import { decodeSnapshot, type Snapshot } from '../format/snapshot.ts';
import { matchesFilter, type SnapshotFilter } from './snapshot-filter.ts';

export interface ListSnapshotsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called for a snapshot that cannot be read; without it the first such one is thrown. */
  readonly onUnreadable?: ((id: string, error: FortFailError) => void) | undefined;
}

/** Snapshot documents, each read once. `type` may be `trash`, where forgotten ones lie. */
export class SnapshotStore {
  readonly #documents: DocumentStore;
  readonly #type: 'snapshot' | 'trash';
  readonly #known = new Map<string, Snapshot>();

  constructor(documents: DocumentStore, type: 'snapshot' | 'trash' = 'snapshot') {
    this.#documents = documents;
    this.#type = type;
  }

  /** All of them, oldest first; equal times in the order of their ids. */
  async list(options: ListSnapshotsOptions = {}): Promise<Snapshot[]> {
    const { backend } = this.#documents;
    const files = await listAll(backend, this.#type, { signal: options.signal });
    const found = await boundedMap(files, backend.properties.connections, ({ name }) => this.#tryLoad(name, options));
    const snapshots = found.filter((snapshot) => snapshot !== undefined);
    return snapshots.sort((a, b) => (a.timeNs !== b.timeNs ? (a.timeNs < b.timeNs ? -1 : 1) : a.id < b.id ? -1 : 1));
  }

  /** Throws `not-found` and `damaged`. */
  async load(id: string, signal?: AbortSignal): Promise<Snapshot> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const snapshot = decodeSnapshot(id, await this.#documents.load(this.#type, id, { signal }));
    this.#known.set(id, snapshot);
    return snapshot;
  }

  /** The snapshot whose id begins so, or `latest` of those the filter lets through. Throws `not-found` or `invalid-input`/`ambiguous`. */
  async find(selector: string, filter: SnapshotFilter, options: ListSnapshotsOptions): Promise<Snapshot> {
    return selector === 'latest' ? this.#latest(filter, options) : this.#byPrefix(selector, options.signal);
  }

  async #latest(filter: SnapshotFilter, options: ListSnapshotsOptions): Promise<Snapshot> {
    const latest = (await this.list(options)).findLast((snapshot) => matchesFilter(snapshot, filter));
    if (latest !== undefined) return latest;
    throw new FortFailError({ kind: 'not-found', code: 'snapshot', message: "unable to find snapshot 'latest', none matches" });
  }

  async #byPrefix(prefix: string, signal: AbortSignal | undefined): Promise<Snapshot> {
    const names = (await listAll(this.#documents.backend, this.#type, { signal })).map((file) => file.name);
    const matching = prefix === '' ? [] : names.filter((name) => name.startsWith(prefix));
    const [id, another] = matching;
    if (id !== undefined && another === undefined) return this.load(id, signal);
    throw new FortFailError({
      kind: another === undefined ? 'not-found' : 'invalid-input',
      code: another === undefined ? 'snapshot' : 'ambiguous',
      message:
        another === undefined ? `unable to find snapshot '${prefix}'` : `unable to choose snapshot '${prefix}', several ids begin so`,
    });
  }

  /** Undefined for one that is gone since it was listed, and for an unreadable one that was reported. */
  async #tryLoad(id: string, options: ListSnapshotsOptions): Promise<Snapshot | undefined> {
    try {
      return await this.load(id, options.signal);
    } catch (error) {
      if (isFortFailError(error, 'not-found')) return undefined;
      if (options.onUnreadable === undefined || !isFortFailError(error, 'damaged')) throw error;
      options.onUnreadable(id, error);
      return undefined;
    }
  }
}
