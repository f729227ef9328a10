import { DocumentFields, type Fields } from './document-fields.ts';
import { goJsonString } from './go-json.ts';
import { parseGoTime } from './go-time.ts';

/** What a backup counted; stored in the snapshot since restic 0.17. */
export interface SnapshotSummary {
  readonly backupStart: string;
  readonly backupEnd: string;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  readonly dataAdded: number;
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
}

/** A snapshot to be written. Texts are written as given; `time` is RFC 3339 in the host's zone (`formatGoTime`). */
export interface SnapshotDraft {
  readonly time: string;
  readonly parent?: string | undefined;
  readonly tree: string;
  /** In the order the user gave them. */
  readonly paths: readonly string[];
  readonly hostname?: string | undefined;
  readonly username?: string | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly excludes?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  /** The first snapshot's id across tag, rewrite and copy; not the parent. */
  readonly original?: string | undefined;
  readonly programVersion?: string | undefined;
  readonly summary?: SnapshotSummary | undefined;
}

/** A stored snapshot. */
export interface Snapshot {
  /** Name of the file: the hash of its stored bytes. */
  readonly id: string;
  readonly time: string;
  readonly timeNs: bigint;
  /** The clock face the snapshot was made by; retention buckets are cut in it. */
  readonly offsetSeconds: number;
  readonly parent: string | undefined;
  readonly tree: string;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  readonly original: string | undefined;
  readonly programVersion: string | undefined;
  readonly summary: SnapshotSummary | undefined;
  /** Every field as stored, also those this version does not know. */
  readonly document: Fields;
}

const summaryNames = [
  ['files_new', 'filesNew'],
  ['files_changed', 'filesChanged'],
  ['files_unmodified', 'filesUnmodified'],
  ['dirs_new', 'dirsNew'],
  ['dirs_changed', 'dirsChanged'],
  ['dirs_unmodified', 'dirsUnmodified'],
  ['data_blobs', 'dataBlobs'],
  ['tree_blobs', 'treeBlobs'],
  ['data_added', 'dataAdded'],
  ['data_added_packed', 'dataAddedPacked'],
  ['total_files_processed', 'totalFilesProcessed'],
  ['total_bytes_processed', 'totalBytesProcessed'],
] as const satisfies readonly (readonly [string, keyof SnapshotSummary])[];

function encodeSummary(summary: SnapshotSummary): string {
  const times = `"backup_start":${goJsonString(summary.backupStart)},"backup_end":${goJsonString(summary.backupEnd)}`;
  return `{${times},${summaryNames.map(([name, key]) => `"${name}":${summary[key]}`).join(',')}}`;
}

function decodeSummary(document: DocumentFields): SnapshotSummary | undefined {
  const fields = document.object('summary');
  if (fields === undefined) return undefined;
  const count = (name: string): number => (typeof fields[name] === 'number' ? fields[name] : 0);
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    backupStart: text('backup_start'),
    backupEnd: text('backup_end'),
    filesNew: count('files_new'),
    filesChanged: count('files_changed'),
    filesUnmodified: count('files_unmodified'),
    dirsNew: count('dirs_new'),
    dirsChanged: count('dirs_changed'),
    dirsUnmodified: count('dirs_unmodified'),
    dataBlobs: count('data_blobs'),
    treeBlobs: count('tree_blobs'),
    dataAdded: count('data_added'),
    dataAddedPacked: count('data_added_packed'),
    totalFilesProcessed: count('total_files_processed'),
    totalBytesProcessed: count('total_bytes_processed'),
  };
}

const jsonTexts = (texts: readonly string[]): string => `[${texts.map(goJsonString).join(',')}]`;

/** The document as restic writes it: its order of fields, empty ones left out (a `uid` of 0 too), no line end. */
export function encodeSnapshot(draft: SnapshotDraft): Buffer {
  const fields: string[] = [`"time":${goJsonString(draft.time)}`];
  if (draft.parent) fields.push(`"parent":"${draft.parent}"`);
  fields.push(`"tree":"${draft.tree}"`, `"paths":${jsonTexts(draft.paths)}`);
  if (draft.hostname) fields.push(`"hostname":${goJsonString(draft.hostname)}`);
  if (draft.username) fields.push(`"username":${goJsonString(draft.username)}`);
  if (draft.uid) fields.push(`"uid":${draft.uid}`);
  if (draft.gid) fields.push(`"gid":${draft.gid}`);
  if (draft.excludes?.length) fields.push(`"excludes":${jsonTexts(draft.excludes)}`);
  if (draft.tags?.length) fields.push(`"tags":${jsonTexts(draft.tags)}`);
  if (draft.original) fields.push(`"original":"${draft.original}"`);
  if (draft.programVersion) fields.push(`"program_version":${goJsonString(draft.programVersion)}`);
  if (draft.summary) fields.push(`"summary":${encodeSummary(draft.summary)}`);
  return Buffer.from(`{${fields.join(',')}}`);
}

/** Throws `damaged`. */
export function decodeSnapshot(id: string, bytes: Uint8Array): Snapshot {
  const document = new DocumentFields(`snapshot '${id}'`, bytes);
  const time = document.text('time');
  const { epochNs, offsetSeconds } = parseGoTime(time);
  return {
    id,
    time,
    timeNs: epochNs,
    offsetSeconds,
    parent: document.optionalId('parent'),
    tree: document.id('tree'),
    paths: document.texts('paths'),
    hostname: document.text('hostname'),
    username: document.text('username'),
    uid: document.count('uid'),
    gid: document.count('gid'),
    excludes: document.texts('excludes'),
    tags: document.texts('tags'),
    original: document.optionalId('original'),
    programVersion: document.optionalText('program_version'),
    summary: decodeSummary(document),
    document: document.fields,
  };
}
