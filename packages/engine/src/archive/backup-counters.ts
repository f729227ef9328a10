import type { TreeNodeDraft } from '@fortfail/repository';

/** What a running backup has counted so far, by restic's meaning of each number. */
export class BackupCounters {
  filesNew = 0;
  filesChanged = 0;
  filesUnmodified = 0;
  dirsNew = 0;
  dirsChanged = 0;
  dirsUnmodified = 0;
  bytesProcessed = 0;

  get filesProcessed(): number {
    return this.filesNew + this.filesChanged + this.filesUnmodified;
  }

  /** Counts one finished entry; links, devices and pipes are in no count. */
  track(node: TreeNodeDraft, state: EntryState): void {
    this.bytesProcessed += Number(node.size);
    if (node.type === 'file') {
      if (state === 'new') this.filesNew += 1;
      else if (state === 'modified') this.filesChanged += 1;
      else this.filesUnmodified += 1;
    } else if (node.type === 'dir') {
      if (state === 'new') this.dirsNew += 1;
      else if (state === 'modified') this.dirsChanged += 1;
      else this.dirsUnmodified += 1;
    }
  }
}

export type EntryState = 'new' | 'modified' | 'unchanged';
