import type { FilePlan, RestoreTarget } from '@fortfail/source';
import { joinPath } from '@fortfail/source';
import type { RestorePlan } from './restore-plan.ts';

/** What has become of each regular file of a plan. */
export type FileState = 'waiting' | 'writing' | 'done' | 'failed' | 'skipped' | 'unchanged';

const states: readonly FileState[] = ['waiting', 'writing', 'done', 'failed', 'skipped', 'unchanged'];

/** The state of every file in a byte each, and the paths that files under way are written to. */
export class FileStates {
  readonly #plan: RestorePlan;
  readonly #target: RestoreTarget;
  readonly #states: Uint8Array;
  readonly #piecesLeft: Uint32Array;
  readonly #writing = new Map<number, FilePlan>();
  readonly #failedFolders = new Set<number>();
  readonly #sharedFolders = new Set<number>();
  #lastFolder: { readonly number: number; readonly path: Buffer } | undefined;

  constructor(plan: RestorePlan, target: RestoreTarget) {
    this.#plan = plan;
    this.#target = target;
    this.#states = new Uint8Array(plan.fileCount);
    this.#piecesLeft = new Uint32Array(plan.fileCount);
  }

  get(file: number): FileState {
    return states[this.#states[file] ?? 0] ?? 'waiting';
  }

  set(file: number, state: FileState): void {
    this.#states[file] = states.indexOf(state);
  }

  /** Notes that nothing can be written into a folder. */
  failFolder(folder: number): void {
    this.#failedFolders.add(folder);
  }

  isFolderFailed(folder: number): boolean {
    return this.#failedFolders.has(folder);
  }

  /** Notes that a folder may hold what this restore did not write. */
  shareFolder(folder: number): void {
    this.#sharedFolders.add(folder);
  }

  /** True when something else may lie in the file's place. */
  mayMeetOther(file: number): boolean {
    return this.#sharedFolders.has(this.#plan.folderOf(file));
  }

  get mayMeetOthers(): boolean {
    return this.#sharedFolders.size > 0;
  }

  /** Where the file is written; decided at the first call, and 'skipped' when it must not be. */
  begin(file: number): FilePlan | undefined {
    if (this.get(file) === 'writing') return this.#writing.get(file);
    if (this.get(file) !== 'waiting') return undefined;
    if (this.#failedFolders.has(this.#plan.folderOf(file))) {
      this.set(file, 'failed');
      return undefined;
    }
    const metadata = this.#plan.metadata(file);
    const plan = this.#target.planFile(this.path(file), { ...metadata, size: BigInt(this.#plan.fileSize(file)) });
    if (plan.decision === 'skip') {
      this.set(file, 'skipped');
      return undefined;
    }
    this.set(file, 'writing');
    this.#writing.set(file, plan);
    this.#piecesLeft[file] = this.#plan.pieceCount(file);
    return plan;
  }

  /** Notes a written piece; true after the last one. */
  pieceDone(file: number): boolean {
    const left = (this.#piecesLeft[file] ?? 0) - 1;
    this.#piecesLeft[file] = left;
    return left === 0 && this.get(file) === 'writing';
  }

  writePath(file: number): Buffer {
    return this.#writing.get(file)?.writePath ?? this.path(file);
  }

  /** Files that are written and have not been handed out here yet: to be put in their places. */
  takeDone(): { readonly file: number; readonly plan: FilePlan }[] {
    return this.#take('done');
  }

  /** Files that failed and of which something may lie on disk. */
  takeFailed(): { readonly file: number; readonly plan: FilePlan }[] {
    return this.#take('failed');
  }

  /** Everything of which something may lie beside its place: for a restore that is given up. */
  takeAll(): FilePlan[] {
    const plans = [...this.#writing.values()];
    this.#writing.clear();
    return plans;
  }

  /** The path of the file as long as the restore is not published. */
  path(file: number): Buffer {
    const folder = this.#plan.folderOf(file);
    // Neighbours share their folder: its path is made once.
    if (this.#lastFolder?.number !== folder) this.#lastFolder = { number: folder, path: this.#plan.folderPath(folder, this.#target.root) };
    return joinPath(this.#lastFolder.path, this.#plan.fileName(file));
  }

  /** The path inside the snapshot. */
  snapshotPath(file: number): Buffer {
    return joinPath(this.#plan.folderPath(this.#plan.folderOf(file), Buffer.from('/')), this.#plan.fileName(file));
  }

  #take(state: FileState): { readonly file: number; readonly plan: FilePlan }[] {
    const taken: { file: number; plan: FilePlan }[] = [];
    for (const [file, plan] of this.#writing) if (this.get(file) === state) taken.push({ file, plan });
    for (const { file } of taken) this.#writing.delete(file);
    return taken;
  }
}
