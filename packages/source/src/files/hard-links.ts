import type { RecordedMetadata } from './metadata.ts';

/** What of a file decides whether it is one with another. */
export type LinkCandidate = Pick<RecordedMetadata, 'type' | 'inode' | 'deviceId' | 'links' | 'size'>;

/**
 * Finds files of a snapshot that were one file with several names. Only a true inode number proves that: restic links
 * every file of links > 1 and inode 0 into one and so destroys them. As a second proof the contents must be equal,
 * because two names may have been read at two moments.
 */
export class HardLinkIndex<Place> {
  readonly #masters = new Map<string, { readonly place: Place; readonly contentKey: string }>();

  /**
   * The place of the file to link to, or undefined when this one is written itself (and is then the master of those
   * that follow). To be called in tree order. `contentKey` is equal exactly for equal contents.
   */
  masterOf(metadata: LinkCandidate, contentKey: string, place: Place): Place | undefined {
    if (metadata.type !== 'file' || metadata.links < 2n || metadata.inode === 0n) return undefined;
    const key = `${metadata.inode}:${metadata.deviceId}`;
    const master = this.#masters.get(key);
    if (master === undefined) {
      this.#masters.set(key, { place, contentKey });
      return undefined;
    }
    return master.contentKey === contentKey ? master.place : undefined;
  }
}
