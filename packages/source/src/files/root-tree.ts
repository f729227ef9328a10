import { readdirSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { fileError } from '../system/system-error.ts';
import { absolutePath, type ByteString, byteString, cleanPath, pathBytes, pathText } from './path.ts';

/**
 * The tree above the targets, as restic lays it out: an absolute target `/a/b/c` appears as a/b/c with the real
 * metadata of its parents, a relative one only with its own names; leading `..` vanish; two targets of different
 * folders that would share a first name become `name` and `name-1`.
 */
export interface RootNode {
  readonly children: Map<ByteString, RootNode>;
  /** Where the entry lies; '' for a folder that is only there because of what is below it. */
  path: ByteString;
  /** The folder whose metadata a parent gets. */
  metadataPath: ByteString;
  /** Folder that relative first names were seen from; tells equal names of different places apart. */
  readonly root: ByteString;
  /** Named by the user itself, hence never excluded. */
  isExplicit: boolean;
}

interface Target {
  readonly path: ByteString;
  readonly isExplicit: boolean;
}

function emptyNode(root: ByteString): RootNode {
  return { children: new Map(), path: '', metadataPath: '', root, isExplicit: false };
}

function joinNames(folder: ByteString, name: ByteString): ByteString {
  return cleanPath(folder === '' ? name : `${folder}/${name}`);
}

/** Names from the root of the tree to the target; none for `/`, `.` and `../..`. */
function componentsOf(path: ByteString): ByteString[] {
  return cleanPath(`/${path}`)
    .split('/')
    .filter((name) => name !== '');
}

function rootOf(target: ByteString): ByteString {
  if (target.startsWith('/')) return '/';
  const ups = target.split('/').filter((name) => name === '..');
  return ups.length === 0 ? '.' : ups.join('/');
}

function conflictingTarget(path: ByteString): FortFailError {
  return new FortFailError({
    kind: 'invalid-input',
    code: 'target-collision',
    message: `unable to place target '${pathText(pathBytes(path))}': its path is taken by another target`,
    hint: 'Name each folder once, or back the two up with two commands.',
  });
}

function addBelow(parent: RootNode, target: Target, parentPlace: ByteString, names: readonly ByteString[]): void {
  const [name, ...rest] = names;
  if (name === undefined) return;
  const node = parent.children.get(name) ?? emptyNode('');
  parent.children.set(name, node);
  if (rest.length === 0) {
    if (node.path !== '') throw conflictingTarget(target.path);
    node.path = target.path;
    node.isExplicit = target.isExplicit;
    return;
  }
  const place = joinNames(parentPlace, name);
  node.metadataPath = place;
  addBelow(node, target, place, rest);
}

function addTarget(top: RootNode, target: Target): void {
  const [first, ...rest] = componentsOf(target.path);
  if (first === undefined) throw conflictingTarget(target.path);
  const root = rootOf(target.path);
  let name = first;
  let node = emptyNode(root);
  for (let i = 1; ; i += 1) {
    const other = top.children.get(name);
    if (other === undefined) break;
    if (other.root === root) {
      node = other;
      break;
    }
    name = `${first}-${i}`;
  }
  if (rest.length > 0) {
    const place = joinNames(root, first);
    addBelow(node, target, place, rest);
    node.metadataPath = place;
  } else {
    node.path = target.path;
    node.isExplicit = target.isExplicit;
  }
  top.children.set(name, node);
}

function namesIn(folder: ByteString, workingFolder: ByteString): ByteString[] {
  const path = pathBytes(absolutePath(folder, workingFolder));
  try {
    return readdirSync(path, { encoding: 'latin1' }).sort();
  } catch (error) {
    throw fileError(error, 'list folder', path);
  }
}

/** A target with another target inside is replaced by its entries, so that each folder of the tree has one meaning. */
function unroll(node: RootNode, workingFolder: ByteString): void {
  if (node.path !== '' && node.children.size > 0) {
    for (const name of namesIn(node.path, workingFolder)) {
      const path = joinNames(node.path, name);
      const child = node.children.get(name);
      if (child === undefined) node.children.set(name, { ...emptyNode(''), path });
      else if (child.path === '') child.path = path;
      else if (child.path !== path) throw conflictingTarget(path);
    }
    node.path = '';
    node.isExplicit = false;
  }
  for (const child of node.children.values()) unroll(child, workingFolder);
}

/**
 * Plans the tree above the targets. `.`, `..` and `/` are replaced by what they contain. Throws `invalid-input` when two
 * targets exclude each other, `not-found` and the like when a folder that must be listed cannot be.
 */
export function planRootTree(targets: Iterable<string | Uint8Array>, workingFolder: string | Uint8Array): RootNode {
  const from = byteString(workingFolder);
  const top = emptyNode('');
  const seen = new Set<ByteString>();
  for (const given of targets) {
    const path = cleanPath(byteString(given));
    const resolved: Target[] =
      componentsOf(path).length > 0
        ? [{ path, isExplicit: true }]
        : namesIn(path, from).map((name) => ({ path: joinNames(path, name), isExplicit: false }));
    for (const target of resolved) {
      if (seen.has(target.path)) continue;
      seen.add(target.path);
      addTarget(top, target);
    }
  }
  unroll(top, from);
  return top;
}

/** The snapshot's `paths`: absolute and cleaned, in the order given. */
export function snapshotPaths(targets: Iterable<string | Uint8Array>, workingFolder: string | Uint8Array): Buffer[] {
  const from = byteString(workingFolder);
  return Array.from(targets, (target) => pathBytes(absolutePath(byteString(target), from)));
}
