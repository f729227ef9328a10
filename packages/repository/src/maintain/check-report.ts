/** What `check` found. */
export interface CheckReport {
  /** One sentence for each fault; empty for a whole repository. */
  readonly errors: readonly string[];
  /** Legal, and worth knowing. */
  readonly hints: readonly string[];
  readonly snapshots: number;
  readonly trees: number;
  /** Packs the index lists. */
  readonly packs: number;
  /** Blobs the index lists, copies included. */
  readonly blobs: number;
  readonly packsRead: number;
  readonly bytesRead: number;
  /** Packs that are missing, or whose bytes are not what they should be. */
  readonly brokenPacks: readonly string[];
  /** The index and the packs do not agree. */
  readonly suggestRepairIndex: boolean;
  /** There are packs or copies that nothing needs. */
  readonly suggestPrune: boolean;
}

export interface CheckProgress {
  readonly phase: 'index' | 'packs' | 'trees' | 'data';
  readonly done: number;
  /** 0 while it is not known. */
  readonly total: number;
}

/** Collects findings while the steps run. */
export class CheckFindings {
  readonly errors: string[] = [];
  readonly hints: string[] = [];
  readonly brokenPacks = new Set<string>();
  trees = 0;
  packsRead = 0;
  bytesRead = 0;
  suggestRepairIndex = false;
  suggestPrune = false;

  breakPack(id: string, errors: readonly string[]): void {
    this.brokenPacks.add(id);
    this.errors.push(...errors);
  }
}
