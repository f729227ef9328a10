import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { planRootTree, type RootNode, snapshotPaths } from './root-tree.ts';

function show(node: RootNode, indent = ''): string[] {
  return [...node.children].flatMap(([name, child]) => [
    `${indent}${name}${child.path === '' ? `/ from ${child.metadataPath}` : ` = ${child.path}`}${child.isExplicit ? '' : ' (implied)'}`,
    ...show(child, `${indent}  `),
  ]);
}

describe('planRootTree', () => {
  it('shows the parents of absolute targets and only the names of relative ones', () => {
    expect(show(planRootTree(['/a/b/c', '/a/d', 'x/y'], '/work'))).toEqual([
      'a/ from /a (implied)',
      '  b/ from /a/b (implied)',
      '    c = /a/b/c',
      '  d = /a/d',
      'x/ from x (implied)',
      '  y = x/y',
    ]);
  });

  it('gives equal names of different folders a number, and drops leading dots', () => {
    expect(show(planRootTree(['a/x', '../a/y', '../../a/z', './a/w', '/a'], '/work'))).toEqual([
      'a/ from a (implied)',
      '  x = a/x',
      '  w = a/w',
      'a-1/ from ../a (implied)',
      '  y = ../a/y',
      'a-2/ from ../../a (implied)',
      '  z = ../../a/z',
      'a-3 = /a',
    ]);
  });

  it('replaces a dot by what is in the folder, and a target around another by its entries', () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/sub/inner`, { recursive: true });
    writeFileSync(`${folder}/file`, '');
    writeFileSync(`${folder}/sub/other`, '');
    expect(show(planRootTree(['.'], folder))).toEqual(['file = file (implied)', 'sub = sub (implied)']);
    expect(show(planRootTree(['sub/inner', 'sub'], folder))).toEqual([
      'sub/ from sub (implied)',
      '  inner = sub/inner',
      '  other = sub/other (implied)',
    ]);
  });

  it('ignores a target named twice and refuses what cannot be listed', () => {
    expect(show(planRootTree(['/a/b', '/a/./b/'], '/'))).toEqual(['a/ from /a (implied)', '  b = /a/b']);
    expect(() => planRootTree(['..'], '/does/not')).toThrow("unable to list folder '/does': it does not exist");
  });

  it('keeps the order given in the paths of the snapshot', () => {
    expect(snapshotPaths(['b', '../a', '/c/.'], '/w').map(String)).toEqual(['/w/b', '/a', '/c']);
  });
});
