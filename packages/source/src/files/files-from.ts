import { lstatSync, readdirSync } from 'node:fs';
import { FortFailError } from '@fortfail/base';
import { systemErrorCode } from '../system/system-error.ts';
import { compileGlob, hasGlobMeta } from './glob.ts';
import { absolutePath, type ByteString, byteString, pathBytes, pathText } from './path.ts';
import { decodeTextFile, textLines, trimLine } from './text-file.ts';

function exists(path: ByteString, workingFolder: ByteString): boolean {
  try {
    lstatSync(pathBytes(absolutePath(path, workingFolder)));
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

function namesIn(folder: ByteString, workingFolder: ByteString): string[] {
  try {
    return readdirSync(pathBytes(absolutePath(folder === '' ? '.' : folder, workingFolder)), { encoding: 'latin1' }).sort();
  } catch (error) {
    // What cannot be listed matches nothing, as in every shell.
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

/** Go's `filepath.Glob`: the paths that exist and match, sorted folder by folder. Undefined for a malformed pattern. */
export function expandGlob(pattern: ByteString, workingFolder: ByteString): ByteString[] | undefined {
  if (!hasGlobMeta(pattern)) return exists(pattern, workingFolder) ? [pattern] : [];
  const slash = pattern.lastIndexOf('/');
  const glob = compileGlob(pattern.slice(slash + 1));
  if (glob === undefined) return undefined;
  const parent = slash < 0 ? '.' : slash === 0 ? '/' : pattern.slice(0, slash);
  const folders = hasGlobMeta(parent) ? expandGlob(parent, workingFolder) : [parent];
  if (folders === undefined) return undefined;
  const found: ByteString[] = [];
  for (const folder of folders) {
    for (const name of namesIn(folder, workingFolder)) {
      if (glob.matches(name)) found.push(slash < 0 ? name : folder === '/' ? `/${name}` : `${folder}/${name}`);
    }
  }
  return found;
}

/**
 * Targets of a `--files-from` file: each line a pattern that is expanded, `#` lines and blank ones skipped.
 * `onUnmatched` is told of a pattern that matches nothing. Throws `invalid-input` for a malformed one.
 */
export function parseFilesFrom(bytes: Buffer, workingFolder: string | Uint8Array, onUnmatched: (pattern: string) => void): Buffer[] {
  const targets: Buffer[] = [];
  for (const raw of textLines(decodeTextFile(bytes), '--files-from')) {
    const line = trimLine(raw);
    if (line === '' || line.startsWith('#')) continue;
    const expanded = expandGlob(line, byteString(workingFolder));
    if (expanded === undefined) {
      throw new FortFailError({
        kind: 'invalid-input',
        code: 'pattern',
        message: `invalid pattern for --files-from: ${pathText(pathBytes(line))}`,
        hint: 'Close every [class], or use --files-from-verbatim for names as they are.',
      });
    }
    if (expanded.length === 0) onUnmatched(pathText(pathBytes(line)));
    targets.push(...expanded.map(pathBytes));
  }
  return targets;
}

/** Targets of a `--files-from-verbatim` file: each line as it is, empty ones skipped. */
export function parseFilesFromVerbatim(bytes: Buffer): Buffer[] {
  return textLines(decodeTextFile(bytes), '--files-from-verbatim')
    .filter((line) => line !== '')
    .map(pathBytes);
}

/** Targets of a `--files-from-raw` file: names ended by NUL. Throws `invalid-input` for an empty name or a missing NUL. */
export function parseFilesFromRaw(bytes: Buffer): Buffer[] {
  const names = byteString(bytes).split('\0');
  const rest = names.pop();
  if (rest !== '' || names.includes('')) {
    throw new FortFailError({
      kind: 'invalid-input',
      code: 'files-from-raw',
      message: rest !== '' ? '--files-from-raw: trailing zero byte missing' : '--files-from-raw: empty filename in listing',
      hint: 'Make the list with a command like `find PATH -print0`.',
    });
  }
  return names.map(pathBytes);
}
