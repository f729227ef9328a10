import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listXattrs, setXattr } from '../system/xattrs.ts';
import { copyTree, describeTree, makeNastyTree, runAsNobody } from '../testing/index.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { pathText } from './path.ts';
import type { RestoreFailure } from './restore-failure.ts';
import { checkNodeName, RestoreTarget, type TargetOptions } from './target.ts';

const isRoot = process.getuid?.() === 0;

function collect(): { readonly onFailure: (failure: RestoreFailure) => void; readonly failures: string[] } {
  const failures: string[] = [];
  return { failures, onFailure: ({ path, step, error }) => failures.push(`${step} ${pathText(path)}: ${error.message}`) };
}

function existing(folder: string, more: Partial<TargetOptions> = {}): TargetOptions & { readonly failures: string[] } {
  return { folder, placement: 'existing', ...collect(), ...more };
}

describe('RestoreTarget', () => {
  it('brings a nasty tree back byte for byte, staged and then published', () => {
    const folder = temporaryFolder();
    makeNastyTree(`${folder}/source`);
    const { failures, onFailure } = collect();
    const notCopied = copyTree(`${folder}/source`, { folder: `${folder}/new/target`, placement: 'fresh', onFailure });
    expect(failures).toEqual([]);
    expect(notCopied).toEqual([]);
    expect(describeTree(`${folder}/new/target`, { withoutRoot: true })).toEqual(describeTree(`${folder}/source`, { withoutRoot: true }));
    expect(readdirSync(`${folder}/new`)).toEqual(['target']);
    expect(statSync(`${folder}/new/target`).mode & 0o777).toBe(0o700);
  });

  it('brings it back over another state of the same tree', () => {
    const folder = temporaryFolder();
    makeNastyTree(`${folder}/source`);
    const target = `${folder}/target`;
    mkdirSync(`${target}/contents/large`, { recursive: true });
    mkdirSync(`${target}/links`);
    writeFileSync(`${target}/names`, 'a file where a folder must be');
    writeFileSync(`${target}/links/dangling`, 'a file where a link must be');
    symlinkSync('/etc/passwd', `${target}/contents/small`);
    symlinkSync('/etc', `${target}/modes`);
    writeFileSync(`${target}/extra`, 'not in the source');
    const options = existing(target);
    copyTree(`${folder}/source`, options);
    expect(options.failures).toEqual([]);
    const found = describeTree(target, { withoutRoot: true, without: (path) => path === 'extra' });
    expect(found).toEqual(describeTree(`${folder}/source`, { withoutRoot: true }));
    expect(readFileSync(`${target}/extra`, 'utf8')).toBe('not in the source');
    // Once more over itself: links that are links already must stay so, and no temporary name may stay behind.
    copyTree(`${folder}/source`, existing(target, { deleteExtra: true }));
    expect(describeTree(target, { withoutRoot: true })).toEqual(describeTree(`${folder}/source`, { withoutRoot: true }));
  });

  it('writes zero runs as holes when asked', () => {
    const folder = temporaryFolder();
    makeNastyTree(`${folder}/source`);
    for (const sparse of [true, false]) {
      const target = `${folder}/target-${sparse}`;
      copyTree(`${folder}/source/contents`, { folder: target, placement: 'fresh', sparse, onFailure: () => undefined });
      const described = describeTree(target, { allocated: true, withoutRoot: true });
      const file = described.find(({ path }) => path === 'sparse');
      expect(file?.sha256).toBe(describeTree(`${folder}/source/contents/sparse`)[0]?.sha256);
      if (sparse) expect(file?.allocatedBytes).toBeLessThan(32_768);
      else expect(file?.allocatedBytes).toBeGreaterThan(3_900_000);
    }
  });

  it('publishes into an existing empty folder, and refuses one that is not empty', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source`);
    writeFileSync(`${folder}/source/file`, 'x');
    mkdirSync(`${folder}/empty`);
    const { onFailure } = collect();
    const target = new RestoreTarget({ folder: `${folder}/empty`, placement: 'fresh', onFailure });
    writeFileSync(target.pathOf(target.root, Buffer.from('file')), 'x');
    expect(pathText(target.finalPath(target.pathOf(target.root, Buffer.from('file'))))).toBe(`${folder}/empty/file`);
    expect(readdirSync(`${folder}/empty`)).toHaveLength(1);
    target.publish();
    expect(readdirSync(`${folder}/empty`)).toEqual(['file']);
    expect(() => new RestoreTarget({ folder: `${folder}/empty`, placement: 'fresh', onFailure })).toThrow(
      `unable to restore into '${folder}/empty': it is not empty`,
    );
  });

  it('leaves nothing of a restore that is given up, and does not replace what came meanwhile', () => {
    const folder = temporaryFolder();
    const target = new RestoreTarget({ folder: `${folder}/out`, placement: 'fresh', onFailure: () => undefined });
    const inner = target.pathOf(target.root, Buffer.from([0xff]));
    target.enterFolder(inner);
    writeFileSync(target.pathOf(inner, Buffer.from('x')), 'x');
    chmodSync(inner, 0);
    mkdirSync(`${folder}/out`);
    expect(() => target.publish()).toThrow('it exists already');
    target.discard();
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('refuses names that would leave the folder', () => {
    for (const name of ['', '.', '..', '/', 'a/b', '../x', 'a\0b']) {
      expect(() => checkNodeName(Buffer.from(name)), JSON.stringify(name)).toThrow('the name is not allowed');
    }
    for (const name of ['...', '.a', '..a', ' ', '\xff']) checkNodeName(Buffer.from(name, 'latin1'));
  });

  it('never writes through a symbolic link', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source/sub`, { recursive: true });
    writeFileSync(`${folder}/source/file`, 'new');
    writeFileSync(`${folder}/source/sub/file`, 'new');
    mkdirSync(`${folder}/outside`);
    writeFileSync(`${folder}/outside/file`, 'old');
    mkdirSync(`${folder}/target`);
    symlinkSync('../outside/file', `${folder}/target/file`);
    symlinkSync('../outside', `${folder}/target/sub`);
    const options = existing(`${folder}/target`);
    copyTree(`${folder}/source`, options);
    expect(options.failures).toEqual([]);
    expect(readFileSync(`${folder}/outside/file`, 'utf8')).toBe('old');
    expect(readFileSync(`${folder}/target/sub/file`, 'utf8')).toBe('new');
    expect(lstatSync(`${folder}/target/sub`).isDirectory()).toBe(true);
  });

  it('does not change the other names of a hard link that it replaces', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source`);
    writeFileSync(`${folder}/source/file`, 'new');
    mkdirSync(`${folder}/target`);
    writeFileSync(`${folder}/other`, 'old');
    linkSync(`${folder}/other`, `${folder}/target/file`);
    copyTree(`${folder}/source`, existing(`${folder}/target`));
    expect(readFileSync(`${folder}/other`, 'utf8')).toBe('old');
  });

  it('keeps, replaces or compares by the overwrite policy', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source`);
    for (const name of ['older-there', 'newer-there', 'equal']) {
      writeFileSync(`${folder}/source/${name}`, 'new!');
      utimesSync(`${folder}/source/${name}`, 1000, 1000);
    }
    const results: Record<string, string[]> = {};
    for (const overwrite of ['always', 'if-changed', 'if-newer', 'never'] as const) {
      const target = `${folder}/${overwrite}`;
      mkdirSync(target);
      for (const [name, time] of [
        ['older-there', 500],
        ['newer-there', 2000],
        ['equal', 1000],
      ] as const) {
        writeFileSync(`${target}/${name}`, 'old!');
        utimesSync(`${target}/${name}`, time, time);
      }
      const options = existing(target, { overwrite });
      copyTree(`${folder}/source`, options);
      expect(options.failures).toEqual([]);
      results[overwrite] = ['older-there', 'newer-there', 'equal'].map((name) => readFileSync(`${target}/${name}`, 'utf8'));
    }
    expect(results).toEqual({
      always: ['new!', 'new!', 'new!'],
      'if-changed': ['new!', 'new!', 'old!'],
      'if-newer': ['new!', 'old!', 'old!'],
      never: ['old!', 'old!', 'old!'],
    });
  });

  it('reports a file in the way of a folder when nothing may be overwritten', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source/name`, { recursive: true });
    mkdirSync(`${folder}/target`);
    writeFileSync(`${folder}/target/name`, 'mine');
    const options = existing(`${folder}/target`, { overwrite: 'never' });
    const target = new RestoreTarget(options);
    expect(target.enterFolder(target.pathOf(target.root, Buffer.from('name')))).toBe(false);
    expect(options.failures).toEqual([
      `create ${folder}/target/name: unable to restore '${folder}/target/name': something else is in its place`,
    ]);
    expect(readFileSync(`${folder}/target/name`, 'utf8')).toBe('mine');
  });

  it('knows the folders it made itself from those that were there', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/target/old`, { recursive: true });
    const target = new RestoreTarget(existing(`${folder}/target`));
    const [old, made] = ['old', 'made'].map((name) => target.pathOf(target.root, Buffer.from(name)));
    if (old === undefined || made === undefined) throw new TypeError('no paths');
    expect([target.enterFolder(old), target.enterFolder(made)]).toEqual([true, true]);
    expect([target.root, old, made].map((path) => target.isOwnFolder(path))).toEqual([false, false, true]);
    // Entered once more, as under a name that differs only in case where that is one name.
    expect(target.enterFolder(made)).toBe(true);
    mkdirSync(`${folder}/empty`);
    for (const name of ['empty', 'new']) {
      const other = new RestoreTarget(existing(`${folder}/${name}`));
      expect(other.isOwnFolder(other.root)).toBe(true);
    }
  });

  it('removes what the snapshot does not have only when asked and chosen', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source/sub`, { recursive: true });
    writeFileSync(`${folder}/source/sub/file`, 'x');
    const target = `${folder}/target`;
    mkdirSync(`${target}/sub/extra/deep`, { recursive: true });
    writeFileSync(Buffer.from(`${target}/sub/\xff`, 'latin1'), 'x');
    mkdirSync(`${folder}/outside`);
    writeFileSync(`${folder}/outside/file`, 'x');
    symlinkSync(`${folder}/outside`, `${target}/link`);
    copyTree(`${folder}/source`, existing(target));
    expect(readdirSync(`${target}/sub`)).toHaveLength(3);
    const deleted: string[] = [];
    copyTree(
      `${folder}/source`,
      existing(target, { deleteExtra: true, onDeleted: (path) => deleted.push(path.toString('latin1').slice(target.length)) }),
    );
    expect(deleted.sort()).toEqual(['/link', '/sub/extra', '/sub/extra/deep', '/sub/\xff']);
    expect(readdirSync(`${folder}/outside`)).toEqual(['file']);
  });

  it('does not replace a folder that holds something by a file, but with delete it does', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source`);
    writeFileSync(`${folder}/source/name`, 'file');
    mkdirSync(`${folder}/target/name`, { recursive: true });
    writeFileSync(`${folder}/target/name/precious`, 'x');
    const options = existing(`${folder}/target`);
    copyTree(`${folder}/source`, options);
    expect(options.failures).toEqual([`create ${folder}/target/name: unable to create '${folder}/target/name': the folder is not empty`]);
    expect(readdirSync(`${folder}/target`)).toEqual(['name']);
    expect(readdirSync(`${folder}/target/name`)).toEqual(['precious']);
    copyTree(`${folder}/source`, existing(`${folder}/target`, { deleteExtra: true }));
    expect(readFileSync(`${folder}/target/name`, 'utf8')).toBe('file');
  });

  it('removes extended attributes that are too much, and leaves alone those not selected', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/source/sub`, { recursive: true });
    mkdirSync(`${folder}/target/sub`, { recursive: true });
    const sub = Buffer.from(`${folder}/target/sub`);
    setXattr(sub, 'user.extra', Buffer.from('x'));
    copyTree(`${folder}/source`, existing(`${folder}/target`, { selectsXattr: (name) => name !== 'user.extra' }));
    expect(listXattrs(sub)).toEqual(['user.extra']);
    copyTree(`${folder}/source`, existing(`${folder}/target`));
    expect(listXattrs(sub)).toEqual([]);
  });

  it('names everything an ordinary user may not set, and restores the rest', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    makeNastyTree(`${folder}/source`, { privileged: isRoot });
    const chosen = /^(times|links|xattrs\/file)(\/|$)|^xattrs$/;
    const code = `
      import { copyTree } from '@fortfail/source/testing';
      import { describeTree } from '@fortfail/source/testing';
      const failures = [];
      const notCopied = copyTree(${JSON.stringify(`${folder}/source`)}, {
        folder: ${JSON.stringify(`${folder}/target`)}, placement: 'fresh',
        onFailure: ({ path, step, error }) => failures.push([path.toString('latin1').slice(${folder.length + 8}), step, error.kind]),
        walk: { targets: ['times', 'xattrs/file', 'links'] },
      });
      console.log(JSON.stringify({ failures, notCopied: notCopied.length }));`;
    const result = runAsNobody(code);
    const owners = describeTree(`${folder}/source`, { without: (path) => !chosen.test(path) });
    const expected = isRoot
      ? owners.filter((entry) => entry.path !== '.' && entry.hardLinkOf === undefined).map(({ path }) => `${path} owner denied`)
      : [];
    const failures = (result as { failures: string[][] }).failures.map((failure) => failure.join(' '));
    expect(failures.sort()).toEqual(expected.sort());
    const strip = (target: string): unknown[] =>
      describeTree(target, { withoutRoot: true, without: (path) => !chosen.test(path) }).map((entry) => ({
        ...entry,
        uid: 0,
        gid: 0,
      }));
    expect(strip(`${folder}/target`)).toEqual(strip(`${folder}/source`));
    expect(readlinkSync(`${folder}/target/links/dangling`)).toBe('nowhere');
  });
});
