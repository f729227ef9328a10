import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';

const memory = '/dev/shm';
const prefix = 'ff-test-';
const neededBytes = 4 * 2 ** 30;

/**
 * A fresh folder in memory that any user may enter, for temporary files of tests whose disk is nobody's concern: there
 * `fsync` costs nothing. Undefined where memory is small, or cannot hold what a disk can. The caller removes it; what
 * an interrupted run left is removed here.
 */
export function fastFolder(): string | undefined {
  if (process.platform !== 'linux' || !existsSync(memory)) return undefined;
  removeAbandoned();
  const { bavail, bsize } = statfsSync(memory);
  const [major = 0, minor = 0] = release().split('.').map(Number);
  // Extended attributes of users came to tmpfs with Linux 6.6; tests of them would skip.
  if (bavail * bsize < neededBytes || major < 6 || (major === 6 && minor < 6)) return undefined;
  const folder = mkdtempSync(join(memory, `${prefix}${process.pid}-`));
  chmodSync(folder, 0o1777);
  if (mayRunPrograms(folder)) return folder;
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

/** Containers like to mount it `noexec`. */
function mayRunPrograms(folder: string): boolean {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  const { status } = spawnSync(program);
  rmSync(program);
  return status === 0;
}

function removeAbandoned(): void {
  for (const name of readdirSync(memory)) {
    const pid = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(memory, name), { recursive: true, force: true });
  }
}
