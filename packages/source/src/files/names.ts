import { readFileSync } from 'node:fs';
import { isMissing } from '../system/system-error.ts';

interface NameTable {
  readonly byId: ReadonlyMap<number, string>;
  readonly byName: ReadonlyMap<string, number>;
}

function readTable(file: string): NameTable {
  const byId = new Map<number, string>();
  const byName = new Map<string, number>();
  for (const line of readLines(file)) {
    const fields = line.split(':');
    const name = fields[0];
    const id = Number(fields[2]);
    if (name === undefined || name === '' || name.startsWith('#') || fields.length < 3 || !Number.isInteger(id)) continue;
    // The first line of an id or a name wins, as for the C library.
    if (!byId.has(id)) byId.set(id, name);
    if (!byName.has(name)) byName.set(name, id);
  }
  return { byId, byName };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    // A container without the table has no names, which is no failure: the numbers are kept anyway.
    if (isMissing(error)) return [];
    throw error;
  }
}

/**
 * Names of users and groups, read once from `/etc/passwd` and `/etc/group` (as restic's own builds do; users of a
 * directory service keep their numbers and an empty name).
 */
export class OwnerNames {
  readonly #passwd: string;
  readonly #group: string;
  #users: NameTable | undefined;
  #groups: NameTable | undefined;

  constructor(files: { readonly passwd?: string; readonly group?: string } = {}) {
    this.#passwd = files.passwd ?? '/etc/passwd';
    this.#group = files.group ?? '/etc/group';
  }

  /** The user's name, '' when there is none. */
  user(uid: number): string {
    this.#users ??= readTable(this.#passwd);
    return this.#users.byId.get(uid) ?? '';
  }

  /** The group's name, '' when there is none. */
  group(gid: number): string {
    this.#groups ??= readTable(this.#group);
    return this.#groups.byId.get(gid) ?? '';
  }

  /** The number of a user's name here; undefined when nobody has it. */
  uid(user: string): number | undefined {
    this.#users ??= readTable(this.#passwd);
    return this.#users.byName.get(user);
  }

  /** The number of a group's name here; undefined when there is none. */
  gid(group: string): number | undefined {
    this.#groups ??= readTable(this.#group);
    return this.#groups.byName.get(group);
  }
}
