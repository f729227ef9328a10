import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { newStagingName, removeLeftOvers, stagingPrefix } from './left-overs.ts';
import { RestoreTarget } from './target.ts';

const onFailure = (): void => undefined;

/** What a process of this host leaves when it is killed in the middle of a restore. */
function leaveBehind(folder: string, placement: 'fresh' | 'existing'): void {
  const script = `
    import { writeFileSync } from 'node:fs';
    import { RestoreTarget } from '${new URL('./target.ts', import.meta.url).href}';
    const target = new RestoreTarget({ folder: ${JSON.stringify(folder)}, placement: '${placement}', onFailure: () => undefined });
    const sub = target.pathOf(target.root, Buffer.from('sub'));
    target.enterFolder(sub);
    const plan = target.planFile(target.pathOf(sub, Buffer.from('file')), { type: 'file', size: 4n, mtimeNs: 0n });
    writeFileSync(plan.writePath, 'half');
    process.kill(process.pid, 'SIGKILL');`;
  expect(spawnSync(process.execPath, ['--input-type=module', '-e', script]).signal).toBe('SIGKILL');
}

it('clears away what a killed restore left beside a fresh target, inside an empty one, and in folders it is written into', () => {
  const folder = temporaryFolder();
  leaveBehind(`${folder}/fresh`, 'fresh');
  expect(readdirSync(folder).join()).toContain(stagingPrefix);
  mkdirSync(`${folder}/empty`);
  leaveBehind(`${folder}/empty`, 'fresh');
  mkdirSync(`${folder}/existing/sub`, { recursive: true });
  writeFileSync(`${folder}/existing/sub/kept`, 'kept');
  leaveBehind(`${folder}/existing`, 'existing');
  expect(readdirSync(`${folder}/existing/sub`)).toHaveLength(2);
  for (const [name, placement] of [
    ['fresh', 'fresh'],
    ['empty', 'fresh'],
    ['existing', 'existing'],
  ] as const) {
    const target = new RestoreTarget({ folder: `${folder}/${name}`, placement, onFailure });
    const sub = target.pathOf(target.root, Buffer.from('sub'));
    target.enterFolder(sub);
    target.publish();
  }
  expect(readdirSync(folder).sort()).toEqual(['empty', 'existing', 'fresh']);
  expect(readdirSync(`${folder}/empty`)).toEqual(['sub']);
  expect(readdirSync(`${folder}/existing/sub`)).toEqual(['kept']);
});

it('leaves what somebody else is writing: this process, another one that lives, another host', () => {
  const folder = temporaryFolder();
  const [own = '', tag = ''] = [newStagingName(), newStagingName().slice(stagingPrefix.length).split('-')[0]];
  const random = '0123456789abcdef';
  const living = `${stagingPrefix}${tag}-${process.ppid}-${random}`;
  const elsewhere = `${stagingPrefix}ffffffff-4194304-${random}`;
  const dead = `${stagingPrefix}${tag}-4194304-${random}-7`;
  const strange = `${stagingPrefix}notes`;
  for (const name of [own, living, elsewhere, dead, strange]) writeFileSync(`${folder}/${name}`, 'x');
  removeLeftOvers(Buffer.from(folder));
  expect(readdirSync(folder).sort()).toEqual([own, living, elsewhere, strange].sort());
  removeLeftOvers(Buffer.from(`${folder}/missing`));
});
