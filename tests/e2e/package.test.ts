import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freshFolder, must, opening, type Program, restic019, root, run } from '../support/programs.ts';

/** Packs the clone as `npm pack` does and unpacks it where npm would put it, beside the dependencies of the clone. */
function installPacked(folder: string): Program {
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  const place = join(folder, 'node_modules');
  mkdirSync(place);
  execFileSync('tar', ['-xzf', join(folder, archive), '-C', place]);
  // npm resolves dependencies upwards from the package; Node follows the links to the very same files.
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@fortfail' && name !== 'fortfail') symlinkSync(join(root, 'node_modules', name), join(place, name));
  return { name: 'packed fortfail', file: join(place, 'package', 'fortfail'), before: [] };
}

it('works as a package, below node_modules, with threads and a running site', async () => {
  const folder = freshFolder();
  const packed = installPacked(folder);
  const env = opening(join(folder, 'repository'));
  mkdirSync(join(folder, 'tree'));
  for (let index = 0; index < 50; index += 1) writeFileSync(join(folder, 'tree', `file-${index}`), `content ${index} `.repeat(2000));
  expect((await must(packed, ['version'])).stdout).toMatch(/^fortfail \d+\.\d+\.\d+/);
  await must(packed, ['init'], { env });
  await must(packed, ['backup', join(folder, 'tree')], { env });
  await must(packed, ['check', '--read-data'], { env });
  if (restic019 !== undefined) await must(restic019, ['check', '--read-data'], { env });
  const started = await run(packed, [
    'start',
    '--once',
    '--json',
    '--protect',
    join(folder, 'tree'),
    '--data',
    join(folder, 'data'),
    '--port',
    '0',
  ]);
  expect(started.code, started.stderr).toBe(0);
  const summary = JSON.parse(started.stdout.trim().split('\n').at(-1) ?? '') as { drills: { outcome: string }[] };
  expect(summary.drills.map(({ outcome }) => outcome)).toEqual(['passed', 'passed']);
}, 240_000);
