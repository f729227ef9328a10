import { createHash } from 'node:crypto';
import { closeSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeFifo } from '../system/special-files.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { digestFile } from './digest-file.ts';
import { openForRead } from './read-file.ts';
import { createFile, openForWrite, writeAt } from './write-file.ts';

describe('writing files', () => {
  it('creates only what did not exist, whatever it was', () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, 'x');
    symlinkSync('nowhere', `${folder}/link`);
    for (const name of ['file', 'link']) {
      expect(() => createFile(Buffer.from(`${folder}/${name}`), { sizeBytes: 1 })).toThrow('EEXIST');
    }
    expect(() => openForWrite(Buffer.from(`${folder}/link`))).toThrow('ELOOP');
  });

  it('writes pieces at their places in any order, by several descriptors', () => {
    const path = Buffer.from(`${temporaryFolder()}/file`);
    const fd = createFile(path, { sizeBytes: 2_000_000 });
    const again = openForWrite(path);
    writeAt(again, Buffer.from('end'), 1_999_997);
    writeAt(fd, Buffer.from('start'), 0);
    closeSync(fd);
    closeSync(again);
    const contents = readFileSync(path);
    expect(contents.length).toBe(2_000_000);
    expect(contents.toString('latin1', 0, 5) + contents.toString('latin1', 1_999_997)).toBe('startend');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('gives the same bytes with and without holes, at odd borders too', () => {
    const folder = temporaryFolder();
    const whole = Buffer.alloc(100_000);
    for (const at of [0, 4095, 4096, 12_287, 40_000, 99_999]) whole[at] = 1;
    for (const pieceBytes of [100_000, 4096, 777, 5000]) {
      const path = Buffer.from(`${folder}/${pieceBytes}`);
      const fd = createFile(path, { sizeBytes: whole.length, sparse: true });
      for (let at = 0; at < whole.length; at += pieceBytes) writeAt(fd, whole.subarray(at, at + pieceBytes), at, true);
      closeSync(fd);
      expect(readFileSync(path).equals(whole), `${pieceBytes}`).toBe(true);
      expect(statSync(path).blocks * 512).toBeLessThan(60_000);
    }
  });
});

describe('openForRead', () => {
  it('refuses links and what is no regular file, without waiting for a pipe', () => {
    const folder = temporaryFolder();
    makeFifo(Buffer.from(`${folder}/pipe`));
    symlinkSync('/etc/hostname', `${folder}/link`);
    expect(() => openForRead(Buffer.from(`${folder}/pipe`))).toThrow('it is no regular file any more');
    expect(() => openForRead(Buffer.from(folder))).toThrow('it is no regular file any more');
    expect(() => openForRead(Buffer.from(`${folder}/link`))).toThrow('ELOOP');
  });

  it('leaves the access time alone', () => {
    const path = `${temporaryFolder()}/file`;
    writeFileSync(path, 'x');
    const before = statSync(path, { bigint: true }).atimeNs;
    expect(digestFile(Buffer.from(path), [1]).isWhole).toBe(true);
    expect(statSync(path, { bigint: true }).atimeNs).toBe(before);
  });
});

describe('digestFile', () => {
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  it('digests pieces of the given lengths, also those larger than its memory', () => {
    const path = Buffer.from(`${temporaryFolder()}/file`);
    const contents = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 31) % 251));
    writeFileSync(path, contents);
    const { digests, isWhole, bytesRead } = digestFile(path, [1000, 1500, 500], Buffer.alloc(1024));
    expect(digests.map((digest) => digest.toString('hex'))).toEqual([
      sha256(contents.subarray(0, 1000)),
      sha256(contents.subarray(1000, 2500)),
      sha256(contents.subarray(2500)),
    ]);
    expect([isWhole, bytesRead]).toEqual([true, 3000]);
  });

  it('tells a file that is too short or too long', () => {
    const path = Buffer.from(`${temporaryFolder()}/file`);
    writeFileSync(path, Buffer.alloc(10));
    expect(digestFile(path, [6, 6])).toMatchObject({ isWhole: false, bytesRead: 6 });
    expect(digestFile(path, [6, 3]).isWhole).toBe(false);
    expect(digestFile(path, []).isWhole).toBe(false);
    writeFileSync(path, '');
    expect(digestFile(path, []).isWhole).toBe(true);
  });
});
