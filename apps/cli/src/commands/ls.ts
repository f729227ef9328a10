import { posix } from 'node:path';
import { FortFailError } from '@fortfail/base';
import { findFolder, listSnapshot } from '@fortfail/engine';
import { createLocalZone, type Repository, type Snapshot, type TreeNode } from '@fortfail/repository';
import type { TextSink } from '../command-context.ts';
import { exitOk } from '../exit.ts';
import { printable } from '../render/format.ts';
import { NcduWriter } from '../render/ncdu.ts';
import { longLine, nodeJson } from '../render/node-text.ts';
import { snapshotJson, snapshotLine } from '../render/snapshot-text.ts';
import { openFor } from '../repository/open-repository.ts';
import { filterOf, pickSnapshot, splitSelector } from '../repository/pick-snapshots.ts';
import type { Values } from '../verbs/option.ts';
import type { lsOptions } from '../verbs/read-verbs.ts';
import type { Call, Perform } from '../verbs/verb.ts';

interface Entry {
  readonly path: string;
  readonly node: TreeNode;
}

function requireArguments({ args, options, globals }: Call<typeof lsOptions>): { selector: string; folders: readonly string[] } {
  const [selector, ...folders] = args;
  const refuse = (message: string, hint: string): never => {
    throw new FortFailError({ kind: 'invalid-input', code: 'usage', message, hint });
  };
  if (selector === undefined) return refuse('no snapshot ID specified', "Give a snapshot ID, or 'latest'.");
  const relative = folders.find((folder) => !folder.startsWith('/'));
  if (relative !== undefined)
    refuse(`all path filters must be absolute, '${relative}' is not`, 'Begin each path with a slash, as `fortfail ls` shows it.');
  if (options.ncdu && (globals.json || isSorted(options)))
    refuse('--ncdu must not be used together with --json, --sort or --reverse', 'Leave out one of them.');
  return { selector, folders };
}

const isSorted = (options: Values<typeof lsOptions>): boolean => options.reverse || (options.sort !== undefined && options.sort !== 'name');

type Order = (a: Entry, b: Entry) => number;
const byNumber =
  (value: (entry: Entry) => bigint): Order =>
  (a, b) =>
    value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0;
const byText =
  (value: (entry: Entry) => string): Order =>
  (a, b) =>
    Buffer.compare(Buffer.from(value(a)), Buffer.from(value(b)));
const byTime = byNumber(({ node }) => node.mtimeNs);
const orders: Readonly<Record<NonNullable<Values<typeof lsOptions>['sort']>, Order>> = {
  name: byText(({ path }) => path),
  size: byNumber(({ node }) => node.size),
  time: byTime,
  mtime: byTime,
  atime: byNumber(({ node }) => node.atimeNs),
  ctime: byNumber(({ node }) => node.ctimeNs),
  extension: byText(({ path }) => posix.extname(path)),
};

/** How one entry is printed. */
function printer(call: Call<typeof lsOptions>, snapshot: Snapshot, out: TextSink): { node(entry: Entry): void; end(): void } {
  const { options, globals } = call;
  if (options.ncdu) {
    const ncdu = new NcduWriter(snapshot, (text) => out.write(text));
    return { node: ({ path, node }) => ncdu.node(path, node), end: () => ncdu.end() };
  }
  const zone = createLocalZone();
  const line = ({ path, node }: Entry): string => {
    if (globals.json) return nodeJson(path, node, zone);
    return options.long ? longLine(path, node, options.humanReadable) : printable(path);
  };
  return { node: (entry) => out.write(`${line(entry)}\n`), end: () => undefined };
}

/** `ls`: the entries of a snapshot, or of some of its folders. */
export const perform: Perform<typeof lsOptions> = async (call) => {
  const { options, globals, context } = call;
  const { selector, folders } = requireArguments(call);
  const { id, folder } = splitSelector(selector);
  await using repository = await openFor(globals, context);
  await using _session = await repository.beginReader({ signal: context.signal });
  await repository.loadIndex({ signal: context.signal });
  const snapshot = await pickSnapshot(repository, id, filterOf(options, context));
  const tree = await rootOf(repository, snapshot, folder);
  if (globals.json) {
    context.stdout.write(`${JSON.stringify({ ...snapshotJson(snapshot), message_type: 'snapshot', struct_type: 'snapshot' })}\n`);
  } else if (!options.ncdu && !globals.quiet) {
    context.stdout.write(`snapshot ${snapshotLine(snapshot)} filtered by [${folders.map(printable).join(' ')}]:\n`);
  }
  const print = printer(call, snapshot, context.stdout);
  const held: Entry[] | undefined = isSorted(options) ? [] : undefined;
  const onNode = (path: Buffer, node: TreeNode): void => {
    const entry = { path: path.toString(), node };
    if (held === undefined) print.node(entry);
    else held.push(entry);
  };
  await listSnapshot(repository, { tree }, onNode, { folders, recursive: options.recursive, signal: context.signal });
  if (held !== undefined) {
    held.sort(orders[options.sort ?? 'name']);
    for (const entry of options.reverse ? held.reverse() : held) print.node(entry);
  }
  print.end();
  return exitOk;
};

async function rootOf(repository: Repository, snapshot: Snapshot, folder: string | undefined): Promise<string> {
  return folder === undefined ? snapshot.tree : await findFolder(repository, snapshot.tree, folder);
}
