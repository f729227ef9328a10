import { boundedMap, isFortFailError } from '@fortfail/base';
import { listAll } from '@fortfail/storage';
import type { DocumentStore } from '../document-store.ts';
import { decodeCondemnRecord } from '../format/condemn-record.ts';

/** Which packs keepers have given up. Each record is read once, however often one looks. */
export class CondemnedPacks {
  readonly #documents: DocumentStore;
  readonly #known = new Map<string, readonly string[]>();

  constructor(documents: DocumentStore) {
    this.#documents = documents;
  }

  /** Packs of every record there is now. A record that goes meanwhile is done with: its packs are neither stored nor indexed. */
  async look(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const { backend } = this.#documents;
    // Without an own folder there are no records: the keeper then excludes everybody by its lock.
    if (!backend.properties.hasMove) return new Set();
    const files = await listAll(backend, 'condemned', { signal });
    const lists = await boundedMap(files, backend.properties.connections, ({ name }) => this.#packs(name, signal));
    return new Set(lists.flat());
  }

  async #packs(name: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    try {
      const { packs } = decodeCondemnRecord(name, await this.#documents.load('condemned', name, { signal }));
      this.#known.set(name, packs);
      return packs;
    } catch (error) {
      if (isFortFailError(error, 'not-found')) return [];
      throw error;
    }
  }
}
