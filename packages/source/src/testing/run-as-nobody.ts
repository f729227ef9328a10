import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs TypeScript code as user and group 65534 when this process is root (else as it is), so that tests of what an
 * ordinary user cannot do mean the same everywhere. The code prints one JSON value, which is returned.
 */
export function runAsNobody(code: string): unknown {
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const child = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: packageFolder,
    encoding: 'utf8',
    ...identity,
  });
  if (child.status !== 0) throw new Error(`the code failed: ${child.stderr}`);
  return JSON.parse(child.stdout);
}
