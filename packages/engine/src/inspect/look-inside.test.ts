import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineFixture } from '../testing/engine-fixture.ts';
import { entryVersions } from './entry-versions.ts';
import { findByName } from './find-by-name.ts';
import { findEntry } from './find-entry.ts';
import { readStart } from './read-start.ts';

let fixture: EngineFixture;

beforeEach(async () => {
  fixture = await EngineFixture.create();
  mkdirSync(fixture.path('source/deep/deeper'), { recursive: true });
  writeFileSync(fixture.path('source/Report.txt'), 'first words');
  writeFileSync(fixture.path('source/deep/old-report.txt'), 'others');
  writeFileSync(fixture.path('source/deep/deeper/note'), '');
  symlinkSync('Report.txt', fixture.path('source/report-link'));
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function opened() {
  const repository = await fixture.open();
  await repository.loadIndex();
  return repository;
}

describe('finding by name', () => {
  const find = async (text: string, options: Partial<Parameters<typeof findByName>[3]> = {}) => {
    await using repository = await opened();
    const found = await findByName(repository, await repository.findSnapshot('latest'), text, { limit: 10, ...options });
    return { paths: found.entries.map(({ path }) => path.toString()), isCut: found.isCut };
  };

  it('finds files, folders and links anywhere, in tree order, whatever the case', async () => {
    await fixture.backup(['source']);
    expect(await find('REPORT')).toEqual({
      paths: ['/source/Report.txt', '/source/deep/old-report.txt', '/source/report-link'],
      isCut: false,
    });
    expect(await find('deep')).toEqual({ paths: ['/source/deep', '/source/deep/deeper'], isCut: false });
    expect(await find('/')).toEqual({ paths: [], isCut: false });
  });

  it('says when the limit left something out, and not when it just fits', async () => {
    await fixture.backup(['source']);
    expect(await find('report', { limit: 2 })).toEqual({ paths: ['/source/Report.txt', '/source/deep/old-report.txt'], isCut: true });
    expect((await find('report', { limit: 3 })).isCut).toBe(false);
  });

  it('reads no further folder once the caller has enough', async () => {
    await fixture.backup(['source']);
    expect(await find('note', { isEnough: () => true })).toEqual({ paths: [], isCut: true });
  });
});

describe('versions of one path', () => {
  it('tells when content changed, when it did not, and when the file was gone', async () => {
    const change = async (text: string | undefined): Promise<void> => {
      const file = fixture.path('source/Report.txt');
      if (text === undefined) rmSync(file);
      else writeFileSync(file, text);
      await fixture.backup(['source']);
    };
    for (const text of ['one', 'one', undefined, 'two', 'one']) await change(text);
    await using repository = await opened();
    const snapshots = await repository.listSnapshots();
    const [first, second, third, fourth, fifth] = await entryVersions(repository, snapshots, '/source/Report.txt');
    expect([first?.node?.size, third?.node, fourth?.node?.size]).toEqual([3n, undefined, 3n]);
    expect(first?.content).toMatch(/^[0-9a-f]{64}$/);
    expect([second?.content, third?.content, fifth?.content]).toEqual([first?.content, undefined, first?.content]);
    expect(fourth?.content).not.toBe(first?.content);
  });

  it('compares folders by what is in them and links by where they lead', async () => {
    await fixture.backup(['source']);
    writeFileSync(fixture.path('source/deep/deeper/note'), 'now with words');
    await fixture.backup(['source']);
    await using repository = await opened();
    const snapshots = await repository.listSnapshots();
    const isSame = async (path: string): Promise<boolean> => {
      const [before, after] = await entryVersions(repository, snapshots, path);
      return before?.content === after?.content;
    };
    expect([await isSame('/source/report-link'), await isSame('/source/deep')]).toEqual([true, false]);
  });

  it('finds nothing below a file, and refuses the root', async () => {
    await fixture.backup(['source']);
    await using repository = await opened();
    const snapshots = await repository.listSnapshots();
    expect(await entryVersions(repository, snapshots, '/source/Report.txt/below')).toEqual([{ node: undefined, content: undefined }]);
    await expect(entryVersions(repository, snapshots, '/')).rejects.toMatchObject({ kind: 'invalid-input' });
  });
});

describe('the start of a file', () => {
  it('is read up to the limit, over several blobs, and says whether more follows', async () => {
    const bytes = Buffer.alloc(9_000_000, 'so many different words ');
    for (let at = 0; at < bytes.length; at += 1000) bytes.writeUInt32LE((at * 2_654_435) >>> 0, at);
    writeFileSync(fixture.path('source/large'), bytes);
    await fixture.backup(['source']);
    await using repository = await opened();
    const { tree } = await repository.findSnapshot('latest');
    const node = await findEntry(repository, tree, '/source/large');
    const link = await findEntry(repository, tree, '/source/report-link');
    if (node === undefined || link === undefined) throw new Error('the backup lacks entries');
    expect(node.content?.length).toBeGreaterThan(1);
    const most = bytes.length - 1;
    const cut = await readStart(repository, node, most);
    const whole = await readStart(repository, node, bytes.length + 5);
    expect([cut.bytes.equals(bytes.subarray(0, most)), cut.isCut]).toEqual([true, true]);
    expect([whole.bytes.equals(bytes), whole.isCut]).toEqual([true, false]);
    await expect(readStart(repository, link, 10)).rejects.toMatchObject({ kind: 'invalid-input', code: 'not-a-file' });
  });
});
