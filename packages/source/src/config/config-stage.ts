import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, renameSync, writeSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { joinPath } from '../files/path.ts';
import { openForRead } from '../files/read-file.ts';
import { removeTree } from '../files/remove-tree.ts';
import { syncFileSystem } from '../system/sync.ts';
import { fileError, isMissing } from '../system/system-error.ts';
import { copyDatabase } from './copy-database.ts';

export interface ConfigStageOptions {
  /** FortFail's data folder. */
  readonly dataFolder: string;
  /** The audit log when it is not `<data>/audit.log`. */
  readonly auditLog?: string;
  /**
   * With a database outside the data folder (PostgreSQL): called with the empty folder `database` of the stage, and
   * writes each table there as `<table>.ndjson`, all from one transaction. The SQLite catalog is then not expected.
   */
  readonly exportDatabase?: (folder: string) => Promise<void>;
}

export interface ConfigStage {
  /** The staged copy, `<data>/config-source`: the same path each time, so that its snapshots follow each other. */
  readonly folder: string;
  readonly files: number;
  readonly sizeBytes: number;
}

const stageName = 'config-source';

/**
 * What a rebuild does not need, or must not find: stored data, scratch space, sockets and locks, the link of a first
 * login, and the passwords and keys in `agent/keys` - those open the repository that this copy goes into, so in there
 * they would help nobody who lost them and only widen what one opened snapshot gives away. They are on the recovery kit.
 * The agent's own keys would make a second agent of whoever restores it, and are made anew by enrolling.
 */
const leftOut: ReadonlySet<string> = new Set([
  'repositories',
  'run',
  'scratch',
  'restore',
  'first-login',
  'agent/keys',
  'agent/outbox',
  // Copied by their own ways below; the two others are parts of an open SQLite database.
  'catalog.db',
  'catalog.db-wal',
  'catalog.db-shm',
  'catalog.db-journal',
  'audit.log',
]);

const agentsOwn = /^agent\/([^/]+\.key|enrolling|consents|questions)$/;

function isLeftOut(place: string): boolean {
  return (
    leftOut.has(place) ||
    agentsOwn.test(place) ||
    place.startsWith(stageName) ||
    place.startsWith(`.${stageName}`) ||
    /\.(password|sock|lock|tmp)$/.test(place)
  );
}

/** A repository that a user has put into the data folder must not be copied into a repository with each snapshot. */
function isRepository(folder: Buffer): boolean {
  const names = new Set(readdirSync(folder));
  return ['config', 'data', 'index', 'keys', 'snapshots'].every((name) => names.has(name));
}

class StageWriter {
  files = 0;
  sizeBytes = 0;

  /** Copies a file as far as it is long now; an ending half line of a log is left to the next copy. */
  copyFile(from: Buffer, to: Buffer, onlyWholeLines = false): void {
    const source = openForRead(from);
    try {
      const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, Number(source.stat.mode) & 0o700);
      try {
        this.sizeBytes += copyBytes(source.fd, target, Number(source.stat.size), onlyWholeLines);
        fsyncSync(target);
        this.files += 1;
      } finally {
        closeSync(target);
      }
    } finally {
      closeSync(source.fd);
    }
  }

  copyFolder(from: Buffer, to: Buffer, place: string): void {
    for (const name of readdirSync(from, { encoding: 'buffer' })) {
      const itsPlace = place === '' ? name.toString('utf8') : `${place}/${name.toString('utf8')}`;
      if (isLeftOut(itsPlace)) continue;
      try {
        this.#copyEntry(joinPath(from, name), joinPath(to, name), itsPlace);
      } catch (error) {
        // The running programs write beside and rename, so a name may be gone since the folder was listed.
        if (!isMissing(error)) throw error;
      }
    }
  }

  #copyEntry(from: Buffer, to: Buffer, place: string): void {
    const stat = lstatSync(from);
    if (stat.isFile()) this.copyFile(from, to);
    if (!stat.isDirectory() || isRepository(from)) return;
    mkdirSync(to, { mode: 0o700 });
    this.copyFolder(from, to, place);
  }
}

const piece = Buffer.allocUnsafeSlow(1024 * 1024);

function copyBytes(from: number, to: number, length: number, onlyWholeLines: boolean): number {
  const end = onlyWholeLines ? endOfLastLine(from, length) : length;
  let at = 0;
  while (at < end) {
    const count = readSync(from, piece, 0, Math.min(piece.length, end - at), at);
    if (count === 0) break;
    for (let written = 0; written < count; ) written += writeSync(to, piece, written, count - written);
    at += count;
  }
  return at;
}

function endOfLastLine(fd: number, length: number): number {
  for (let end = length; end > 0; ) {
    const start = Math.max(0, end - piece.length);
    const count = readSync(fd, piece, 0, end - start, start);
    const newline = piece.subarray(0, count).lastIndexOf(0x0a);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function fillStage(stage: string, options: ConfigStageOptions): Promise<StageWriter> {
  const { dataFolder, exportDatabase } = options;
  const writer = new StageWriter();
  writer.copyFolder(Buffer.from(dataFolder), Buffer.from(stage), '');
  // The log before the database: records go into the table first, so the copied log never knows more than the table.
  const auditLog = options.auditLog ?? `${dataFolder}/audit.log`;
  if (isThere(auditLog)) writer.copyFile(Buffer.from(auditLog), Buffer.from(`${stage}/audit.log`), true);
  if (exportDatabase !== undefined) {
    mkdirSync(`${stage}/database`, { mode: 0o700 });
    await exportDatabase(`${stage}/database`);
  } else {
    const sizeBytes = await copyDatabase(`${dataFolder}/catalog.db`, `${stage}/catalog.db`);
    writer.files += 1;
    writer.sizeBytes += sizeBytes;
  }
  return writer;
}

/** Puts the new stage in the old one's place; a crash between the renames leaves none, and the next call makes it anew. */
function swapIn(stage: string, place: string): void {
  const old = `${stage}.old`;
  if (isThere(place)) renameSync(place, old);
  renameSync(stage, place);
  removeTree(Buffer.from(old));
}

function removeLeftovers(dataFolder: string): void {
  for (const name of readdirSync(dataFolder)) {
    if (name.startsWith(`.${stageName}-`)) removeTree(Buffer.from(`${dataFolder}/${name}`));
  }
}

/**
 * Makes a consistent copy of all that is needed to rebuild this site's orchestrator and agent, except the repositories
 * themselves and the keys that open them: settings, the catalog (an online backup of the running database, checked),
 * the audit log. Not for two callers at once. Throws `not-found` when there is no catalog, `no-space`, and the like.
 */
export async function stageConfig(options: ConfigStageOptions): Promise<ConfigStage> {
  const { dataFolder } = options;
  const stage = `${dataFolder}/.${stageName}-${randomBytes(6).toString('hex')}`;
  try {
    removeLeftovers(dataFolder);
    mkdirSync(stage, { mode: 0o700 });
    const writer = await fillStage(stage, options);
    syncFileSystem(Buffer.from(stage));
    swapIn(stage, `${dataFolder}/${stageName}`);
    return { folder: `${dataFolder}/${stageName}`, files: writer.files, sizeBytes: writer.sizeBytes };
  } catch (error) {
    removeTree(Buffer.from(stage));
    if (error instanceof FortFailError) throw error;
    throw fileError(error, 'copy the configuration of', Buffer.from(dataFolder));
  }
}
