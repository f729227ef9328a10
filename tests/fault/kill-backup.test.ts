import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fortfail, freshFolder, must, opening, restic019 } from '../support/programs.ts';
import { killBackups } from './kill-backup.ts';

it('leaves a clean repository wherever a backup is killed, and the next one continues', async () => {
  const folder = freshFolder();
  const env = opening(join(folder, 'repository'));
  mkdirSync(join(folder, 'tree'));
  for (let index = 0; index < 400; index += 1)
    writeFileSync(join(folder, 'tree', `file-${index}`), `file ${index} `.repeat(500 + 40 * index));
  await must(fortfail, ['init'], { env });
  const { landed } = await killBackups(folder, env, 8, restic019 === undefined ? [fortfail] : [restic019], 900);
  expect(landed).toBeGreaterThan(0);
}, 240_000);
