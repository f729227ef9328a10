import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errnoOf } from '../durable-file.ts';

/** Where Linux says which machine this is; the second only to root. */
const sources = ['/etc/machine-id', '/sys/class/dmi/id/product_uuid'] as const;

/**
 * A mark of this machine that tells nothing about it: hashes of machine-id and DMI uuid with a dot between, `-` for what
 * cannot be read.
 */
export async function machineMark(files: readonly string[] = sources): Promise<string> {
  const texts = await Promise.all(files.map(read));
  return texts
    .map((text) => (text === '' ? '-' : createHash('sha256').update(`fortfail-machine/v1\n${text}`).digest('hex').slice(0, 24)))
    .join('.');
}

/** Whether a mark is of another machine: what one side could not read says nothing. */
export function isOtherMachine(stored: string, found: string): boolean {
  const now = found.split('.');
  return stored
    .split('.')
    .some((part, position) => part !== '-' && now[position] !== undefined && now[position] !== '-' && now[position] !== part);
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8').then(
    (text) => text.trim().toLowerCase(),
    (error: unknown) => {
      // Containers have none, and the DMI uuid is root's to read.
      if (errnoOf(error) !== undefined) return '';
      throw error;
    },
  );
}
