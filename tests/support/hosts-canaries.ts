import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every entry of a tree by its path: kind, mode, size and times, so that nothing can be written, or made and taken away, unseen. */
export function pictureOf(folder: string, without: (path: string) => boolean): Map<string, string> {
  const picture = new Map<string, string>();
  const add = (path: string): void => {
    if (without(path)) return;
    const { mode, size, mtimeMs, ctimeMs, ino } = lstatSync(path);
    picture.set(path, [mode.toString(8), size, mtimeMs, ctimeMs, ino].join(' '));
    if ((mode & 0o170000) === 0o040000) for (const name of readdirSync(path)) add(join(path, name));
  };
  add(folder);
  return picture;
}

/** A text as it may stand somewhere: as it is, as hexadecimal digits, and in base64 wherever it begins. */
export function formsOf(canary: string): string[] {
  const bytes = Buffer.from(canary);
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // Characters at both ends hold bits of what stands beside it.
    return text.slice(shift === 0 ? 0 : shift + 1, -2);
  });
  return [canary, bytes.toString('hex'), ...shifted, ...shifted.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** Files below a folder whose bytes or names hold one of these texts. */
export function filesWith(folder: string, texts: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (texts.some((text) => path.includes(text))) return [path];
    if (!entry.isFile()) return [];
    const bytes = readFileSync(path);
    return texts.some((text) => bytes.includes(text)) ? [path] : [];
  });
}

/** What the kernel counts for a process of the children that it waited for, and those it still has. */
export function childrenEver(pid: number): string {
  const [, rest = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  const fields = rest.split(' ');
  // cminflt, cmajflt, cutime and cstime: no program starts without a single page fault.
  const waited = [fields[8], fields[10], fields[13], fields[14]];
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim());
  return `${waited.join(' ')} ${threads.join(' ').trim()}`.trim();
}
