import { type BigIntStats, lstatSync, readdirSync, statSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { fileError, isMissing, systemErrorCode } from '../system/system-error.ts';
import { type ExcludeMatcher, splitPath } from './exclude-matcher.ts';
import { DeviceRule, type FolderTag, isTagged } from './exclude-rules.ts';
import { type FileMetadata, type MetadataFailure, metadataFromStat } from './metadata.ts';
import { OwnerNames } from './names.ts';
import { absolutePath, type ByteString, byteString, parentPath, pathBytes } from './path.ts';
import { planRootTree, type RootNode } from './root-tree.ts';

/**
 * What a walk meets, in the order of restic's trees: names by their bytes, a folder's entries between its `enter` and
 * its `leave`, where the tree blob of the folder can be written. `path` is absolute.
 */
export type WalkEvent =
  /** A folder that was listed; every `enter` has its `leave`, with the same metadata. */
  | { readonly kind: 'enter' | 'leave'; readonly path: Buffer; readonly metadata: FileMetadata }
  /** Everything that is not a folder. */
  | { readonly kind: 'entry'; readonly path: Buffer; readonly metadata: FileMetadata }
  /** Left out because a rule says so. */
  | { readonly kind: 'excluded'; readonly path: Buffer }
  /** Left out without loss: a socket, or an entry that was removed while the walk went on. */
  | { readonly kind: 'skipped'; readonly path: Buffer; readonly reason: 'socket' | 'vanished' }
  /** Left out, or (`isPartial`) kept with a part of its metadata missing; the backup is then incomplete. */
  | { readonly kind: 'error'; readonly path: Buffer; readonly isPartial: boolean; readonly error: FortFailError };

export interface WalkOptions {
  /** Paths as the user gave them; what does not exist should be sorted out before with `existingTargets`. */
  readonly targets: Iterable<string | Uint8Array>;
  /** What relative targets are seen from; the process's own folder by default. */
  readonly workingFolder?: string | Uint8Array;
  readonly exclude?: ExcludeMatcher;
  readonly excludeIfPresent?: readonly FolderTag[];
  readonly excludeLargerThanBytes?: number;
  readonly oneFileSystem?: boolean;
  readonly withAtime?: boolean;
  readonly names?: OwnerNames;
}

interface Frame {
  /** Absolute path of the folder on disk; of a planned parent, where its metadata comes from. */
  readonly path: ByteString;
  readonly pathBuffer: Buffer;
  readonly metadata: FileMetadata | undefined;
  readonly device: bigint | undefined;
  readonly names: readonly ByteString[];
  /** Set for the planned part of the tree: what each name stands for. */
  readonly planned: ReadonlyMap<ByteString, RootNode> | undefined;
  next: number;
  tags: readonly FolderTag[] | undefined;
}

/** One walk's state: the stack of open folders and what was met but not handed out yet. */
class Walker {
  readonly #from: ByteString;
  readonly #options: WalkOptions;
  readonly #names: OwnerNames;
  readonly #devices: DeviceRule | undefined;
  readonly #stack: Frame[] = [];
  readonly #pending: WalkEvent[] = [];

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#from = byteString(options.workingFolder ?? process.cwd());
    this.#names = options.names ?? new OwnerNames();
    const targets = Array.from(options.targets);
    if (options.oneFileSystem === true) {
      this.#devices = new DeviceRule(targets.map((target) => absolutePath(byteString(target), this.#from)));
    }
    this.#pushPlanned('', undefined, planRootTree(targets, this.#from));
  }

  *events(): Generator<WalkEvent, void, undefined> {
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      const name = frame.names[frame.next];
      if (name === undefined) {
        this.#stack.pop();
        if (frame.metadata !== undefined) yield { kind: 'leave', path: frame.pathBuffer, metadata: frame.metadata };
        continue;
      }
      frame.next += 1;
      const planned = frame.planned?.get(name);
      const event = planned === undefined ? this.#visitListed(frame, name) : this.#visitPlanned(frame, name, planned);
      if (this.#pending.length > 0) yield* this.#pending.splice(0);
      if (event !== undefined) yield event;
    }
  }

  #visitListed(frame: Frame, name: ByteString): WalkEvent | undefined {
    // A file system that lists a name twice must not give a tree that restic refuses.
    if (frame.next > 1 && frame.names[frame.next - 2] === name) return undefined;
    return this.#visit(frame.path === '/' ? `/${name}` : `${frame.path}/${name}`, name, frame, false);
  }

  #visitPlanned(frame: Frame, name: ByteString, node: RootNode): WalkEvent | undefined {
    if (node.path !== '') return this.#visit(absolutePath(node.path, this.#from), name, frame, node.isExplicit);
    const path = absolutePath(node.metadataPath, this.#from);
    const bytes = pathBytes(path);
    try {
      // A parent may be a symbolic link to a folder: the tree then shows the folder.
      const stat = statSync(bytes, { bigint: true });
      if (!stat.isDirectory()) return this.#error(bytes, 'read folder', new FortFailError(notAFolder));
      // Attributes of folders above the targets are often not readable for an ordinary user.
      const onFailure = (failure: MetadataFailure): void => {
        if (failure.attribute !== undefined || !isPermission(failure.error)) this.#partial(bytes, failure);
      };
      const metadata = this.#metadata(bytes, name, stat, onFailure);
      this.#pushPlanned(path, metadata, node);
      return { kind: 'enter', path: bytes, metadata };
    } catch (error) {
      return this.#error(bytes, 'read folder', error);
    }
  }

  #pushPlanned(path: ByteString, metadata: FileMetadata | undefined, node: RootNode): void {
    const names = [...node.children.keys()].sort();
    const pathBuffer = pathBytes(path);
    this.#stack.push({ path, pathBuffer, metadata, device: undefined, names, planned: node.children, next: 0, tags: undefined });
  }

  #visit(path: ByteString, name: ByteString, parent: Frame, isExplicit: boolean): WalkEvent | undefined {
    const bytes = pathBytes(path);
    if (!isExplicit && this.#options.exclude?.excludesParts(splitPath(path)) === true) return { kind: 'excluded', path: bytes };
    let stat: BigIntStats;
    try {
      stat = lstatSync(bytes, { bigint: true });
    } catch (error) {
      return this.#missingOrError(bytes, 'read', error, isExplicit);
    }
    if (!isExplicit && this.#isRejected(path, name, stat, parent)) return { kind: 'excluded', path: bytes };
    if (stat.isSocket()) return { kind: 'skipped', path: bytes, reason: 'socket' };
    try {
      const onFailure = (failure: MetadataFailure): void => this.#partial(bytes, failure);
      if (!stat.isDirectory()) {
        const metadata = this.#metadata(bytes, name, stat, onFailure);
        return metadata.type === 'irregular'
          ? this.#error(bytes, 'read', new FortFailError(unknownType))
          : { kind: 'entry', path: bytes, metadata };
      }
      const names = readdirSync(bytes, { encoding: 'latin1' }).sort();
      const metadata = this.#metadata(bytes, name, stat, onFailure);
      this.#stack.push({
        path,
        pathBuffer: bytes,
        metadata,
        device: stat.dev,
        names,
        planned: undefined,
        next: 0,
        tags: undefined,
      });
      return { kind: 'enter', path: bytes, metadata };
    } catch (error) {
      return this.#missingOrError(bytes, stat.isDirectory() ? 'list folder' : 'read', error, isExplicit);
    }
  }

  #isRejected(path: ByteString, name: ByteString, stat: BigIntStats, parent: Frame): boolean {
    const { excludeLargerThanBytes: limit, excludeIfPresent } = this.#options;
    if (this.#devices?.rejects(path, stat, parent.device ?? lstatSync(pathBytes(parentPath(path)), { bigint: true }).dev) === true)
      return true;
    if (limit !== undefined && !stat.isDirectory() && stat.size > BigInt(limit)) return true;
    if (excludeIfPresent === undefined || excludeIfPresent.length === 0) return false;
    const tags = parent.tags ?? this.#tagsIn(parentPath(path), excludeIfPresent);
    // Planned names may come from different folders, so only a listed folder's answer holds for all its names.
    if (parent.planned === undefined) parent.tags = tags;
    return tags.some((tag) => tag.name !== name);
  }

  #tagsIn(folder: ByteString, tags: readonly FolderTag[]): readonly FolderTag[] {
    return tags.filter((tag) =>
      isTagged(folder, tag, (path, error) => {
        this.#pending.push({ kind: 'error', path, isPartial: true, error: fileError(error, 'read tag file', path) });
      }),
    );
  }

  #metadata(path: Buffer, name: ByteString, stat: BigIntStats, onFailure: (failure: MetadataFailure) => void): FileMetadata {
    return metadataFromStat(path, pathBytes(name), stat, {
      names: this.#names,
      withAtime: this.#options.withAtime === true,
      onFailure,
    });
  }

  #partial(path: Buffer, failure: MetadataFailure): void {
    const what = failure.attribute === undefined ? 'the extended attributes' : `extended attribute ${failure.attribute}`;
    this.#pending.push({ kind: 'error', path, isPartial: true, error: fileError(failure.error, `read ${what} of`, path) });
  }

  #error(path: Buffer, verbAndObject: string, error: unknown): WalkEvent {
    return { kind: 'error', path, isPartial: false, error: fileError(error, verbAndObject, path) };
  }

  /** What vanished since its folder was listed is no loss; what the user named is. */
  #missingOrError(path: Buffer, verbAndObject: string, error: unknown, isExplicit: boolean): WalkEvent {
    if (!isExplicit && isMissing(error)) {
      this.#pending.length = 0;
      return { kind: 'skipped', path, reason: 'vanished' };
    }
    return this.#error(path, verbAndObject, error);
  }
}

const notAFolder = { kind: 'conflict', code: 'not-a-folder', message: 'unable to read a parent of a target: it is not a folder' } as const;
const unknownType = { kind: 'invalid-input', code: 'unknown-type', message: 'unable to read an entry: its type is unknown' } as const;

function isPermission(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'EACCES' || code === 'EPERM';
}

/**
 * Walks the targets with synchronous calls (a third of the cost of asynchronous ones on a local disk): whoever pulls
 * must give the event loop a turn now and then. Throws only for targets that cannot be planned; all else are events.
 */
export function walk(options: WalkOptions): Generator<WalkEvent, void, undefined> {
  return new Walker(options).events();
}

export interface TargetCheck {
  readonly existing: Buffer[];
  /** Named in a partial result; when nothing is left a backup must not begin. */
  readonly missing: { readonly path: Buffer; readonly error: FortFailError }[];
}

/** Sorts targets by whether they can be seen at all, as `restic backup` does before it begins. */
export function existingTargets(targets: Iterable<string | Uint8Array>, workingFolder?: string | Uint8Array): TargetCheck {
  const from = byteString(workingFolder ?? process.cwd());
  const check: TargetCheck = { existing: [], missing: [] };
  for (const target of targets) {
    const given = pathBytes(byteString(target));
    try {
      if (given.length === 0)
        throw new FortFailError({ kind: 'invalid-input', code: 'empty-path', message: 'unable to read the empty path' });
      lstatSync(pathBytes(absolutePath(byteString(target), from)));
      check.existing.push(given);
    } catch (error) {
      check.missing.push({ path: given, error: fileError(error, 'read target', given) });
    }
  }
  return check;
}
