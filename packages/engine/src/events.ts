import type { ErrorRecord } from '@fortfail/base';

/** How far a verb has come. Totals are missing until they are known; they may be estimates of the last time. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly filesDone: number;
  readonly bytesDone: number;
  readonly totalFiles: number | undefined;
  readonly totalBytes: number | undefined;
  readonly errors: number;
  readonly currentItems: readonly string[];
}

/** One entry was dealt with. Only sent when asked for: a listener costs time for every entry. */
export interface ItemEvent {
  readonly type: 'item';
  readonly action: 'new' | 'unchanged' | 'modified' | 'excluded' | 'restored' | 'updated' | 'skipped' | 'deleted';
  /** As people read it; a folder ends in a slash. */
  readonly item: string;
  readonly sizeBytes: number;
}

/** One entry failed; the verb goes on and its result is partial. */
export interface ErrorEvent extends ItemFailure {
  readonly type: 'error';
}

export interface ItemFailure {
  readonly item: string;
  readonly during: 'scan' | 'archival' | 'restore' | 'verify';
  readonly error: ErrorRecord;
}

export type EngineEvent = ProgressEvent | ItemEvent | ErrorEvent;
export type EngineListener = (event: EngineEvent) => void;

/** The first failures by name, and how many there were in all: a broken disk must not fill the memory. */
export class FailureList {
  static readonly namedLimit = 10_000;
  readonly #listener: EngineListener | undefined;
  readonly named: ItemFailure[] = [];
  count = 0;

  constructor(listener?: EngineListener) {
    this.#listener = listener;
  }

  add(failure: ItemFailure): void {
    this.count += 1;
    if (this.named.length < FailureList.namedLimit) this.named.push(failure);
    this.#listener?.({ type: 'error', ...failure });
  }
}
