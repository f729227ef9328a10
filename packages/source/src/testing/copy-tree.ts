import { closeSync, readSync } from 'node:fs';
import { applyMetadata } from '../files/apply-metadata.ts';
import { HardLinkIndex } from '../files/hard-links.ts';
import type { FileMetadata } from '../files/metadata.ts';
import { openForRead } from '../files/read-file.ts';
import { type FilePlan, RestoreTarget, type TargetOptions } from '../files/target.ts';
import { type WalkEvent, type WalkOptions, walk } from '../files/walk.ts';
import { createFile, writeAt } from '../files/write-file.ts';

export interface CopyOptions extends TargetOptions {
  readonly sparse?: boolean;
  readonly walk?: Partial<WalkOptions>;
}

const piece = Buffer.allocUnsafe(700_000);

function copyContents(from: Buffer, fd: number, sparse: boolean): void {
  const source = openForRead(from);
  try {
    let position = 0;
    for (let count = readSync(source.fd, piece); count > 0; count = readSync(source.fd, piece)) {
      writeAt(fd, piece.subarray(0, count), position, sparse);
      position += count;
    }
  } finally {
    closeSync(source.fd);
  }
}

class Copier {
  readonly #options: CopyOptions;
  readonly #target: RestoreTarget;
  readonly #links = new HardLinkIndex<Buffer>();
  readonly #folders: { readonly path: Buffer; readonly names: Buffer[] }[];

  constructor(options: CopyOptions) {
    this.#options = options;
    this.#target = new RestoreTarget(options);
    this.#folders = [{ path: this.#target.root, names: [] }];
  }

  #place(metadata: FileMetadata): Buffer {
    const folder = this.#folders.at(-1) ?? { path: this.#target.root, names: [] };
    folder.names.push(metadata.name);
    return this.#target.pathOf(folder.path, metadata.name);
  }

  #writeFile(from: Buffer, plan: FilePlan, metadata: FileMetadata): void {
    const fd = createFile(plan.writePath, { sizeBytes: Number(metadata.size), sparse: this.#options.sparse === true });
    try {
      copyContents(from, fd, this.#options.sparse === true);
      applyMetadata(plan.writePath, fd, metadata, this.#target.applyOptions(plan.path));
    } finally {
      closeSync(fd);
    }
    this.#target.commitFiles([plan]);
  }

  #file(from: Buffer, metadata: FileMetadata): void {
    const path = this.#place(metadata);
    const master = this.#links.masterOf(metadata, '', path);
    if (master !== undefined) {
      this.#target.link(master, path, metadata);
      return;
    }
    const plan = this.#target.planFile(path, metadata);
    if (plan.decision === 'write' || plan.decision === 'compare') this.#writeFile(from, plan, metadata);
    else if (plan.decision === 'metadata') this.#target.updateMetadata(path, metadata);
  }

  take(event: WalkEvent): void {
    if (event.kind === 'enter') {
      const path = this.#place(event.metadata);
      this.#folders.push({ path, names: [] });
      this.#target.enterFolder(path);
    } else if (event.kind === 'leave') {
      const folder = this.#folders.pop();
      if (folder !== undefined) this.#target.leaveFolder(folder.path, event.metadata, folder.names);
    } else if (event.kind === 'entry') {
      if (event.metadata.type === 'file') this.#file(event.path, event.metadata);
      else this.#target.createSpecial(this.#place(event.metadata), event.metadata);
    }
  }

  end(): void {
    this.#target.leaveFolder(this.#target.root, undefined, this.#folders[0]?.names);
    this.#target.publish();
  }
}

/** Copies what is in `from` by the walk and the restore target alone: both halves of this package without a repository. */
export function copyTree(from: string | Uint8Array, options: CopyOptions): WalkEvent[] {
  const copier = new Copier(options);
  const notCopied: WalkEvent[] = [];
  for (const event of walk({ targets: ['.'], workingFolder: from, ...options.walk })) {
    copier.take(event);
    if (event.kind === 'error' || event.kind === 'excluded' || event.kind === 'skipped') notCopied.push(event);
  }
  copier.end();
  return notCopied;
}
