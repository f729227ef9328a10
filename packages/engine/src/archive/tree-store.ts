import { type BlobPipelineInit, PackWriter, type WriterSession } from '@fortfail/repository';
import type { StoredCounts } from './archive-jobs.ts';
import { openPipelineBackend } from './discarding-backend.ts';

/** Where a backup's trees go, one at a time: folders are finished in any order and at any moment. */
export class TreeStore {
  readonly #save: (bytes: Buffer) => Promise<Buffer>;
  readonly counts: () => StoredCounts;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(save: (bytes: Buffer) => Promise<Buffer>, counts: () => StoredCounts) {
    this.#save = save;
    this.counts = counts;
  }

  static ofSession(session: WriterSession): TreeStore {
    return new TreeStore(
      (bytes) => session.saveTree(bytes),
      () => session.treeTotals,
    );
  }

  /** Counts as the real one does and stores nothing. */
  static async dry(pipeline: BlobPipelineInit): Promise<TreeStore> {
    const writer = new PackWriter(pipeline, await openPipelineBackend(pipeline.location, true), () => undefined);
    const save = async (bytes: Buffer): Promise<Buffer> => {
      const id = writer.save('tree', bytes);
      if (writer.needsDrain()) await writer.drain();
      return id;
    };
    return new TreeStore(save, () => ({
      blobs: writer.totals.treeBlobs,
      bytesAdded: writer.totals.bytesAdded,
      bytesStored: writer.totals.bytesStored,
    }));
  }

  /** The tree's id, in hexadecimal. After a failure everything that follows fails too. */
  save(bytes: Buffer): Promise<string> {
    const saved = this.#last.then(() => this.#save(bytes));
    this.#last = saved;
    return saved.then((id) => id.toString('hex'));
  }
}
