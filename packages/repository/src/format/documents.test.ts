import { describe, expect, test } from 'vitest';
import { goldenExpectations } from '../testing/golden.ts';
import { decodeCondemnRecord, encodeCondemnRecord } from './condemn-record.ts';
import { decodeConfig, encodeConfig } from './config.ts';
import { decodeIndexDocument, encodeIndexDocument, type IndexEntry } from './index-document.ts';
import type { IndexTable } from './index-table.ts';
import { decodeKeyDocument, encodeKeyDocument } from './key-document.ts';
import { decodeLockFile, encodeLock, type LockDocument } from './lock-document.ts';
import { decodeMasterKey, encodeMasterKey } from './master-key.ts';
import { decodeSnapshot, encodeSnapshot, type SnapshotDraft } from './snapshot.ts';

const repositories = Object.entries(goldenExpectations().repos);
const damaged = expect.objectContaining({ kind: 'damaged' });
const id = (digit: string): string => digit.repeat(64);

describe.each(repositories)('documents of %s', (_, repository) => {
  test('config and master key come back byte for byte', () => {
    const config = decodeConfig(Buffer.from(repository.config_plaintext));
    expect(config.version).toBe(repository.config.version);
    expect(encodeConfig(config).toString()).toBe(repository.config_plaintext);
    expect(encodeMasterKey(decodeMasterKey(Buffer.from(repository.master_key_plaintext))).toString()).toBe(repository.master_key_plaintext);
  });

  test('snapshots come back byte for byte', () => {
    for (const [snapshotId, document] of Object.entries(repository.snapshots)) {
      const stored = JSON.stringify(document);
      const snapshot = decodeSnapshot(snapshotId, Buffer.from(stored));
      expect(snapshot.document).toEqual(document);
      expect(encodeSnapshot(snapshot).toString()).toBe(stored);
    }
  });
});

describe('config', () => {
  test('refuses versions it does not know', () => {
    expect(() => decodeConfig(Buffer.from(`{"version":3,"id":"${id('a')}","chunker_polynomial":"3da3358b4dc173"}`))).toThrow(
      expect.objectContaining({ kind: 'invalid-input', code: 'repository-version' }),
    );
  });

  test.each(['{}', 'x', '{"version":2}', `{"version":2,"id":"${id('a')}","chunker_polynomial":"xyz"}`])(
    'calls %j damaged or unsupported',
    (text) => {
      expect(() => decodeConfig(Buffer.from(text))).toThrow();
    },
  );
});

describe('key slot', () => {
  const key = {
    created: '2026-11-21T09:00:00Z',
    username: 'a<b',
    hostname: 'h',
    N: 2,
    r: 1,
    p: 1,
    salt: Buffer.alloc(64, 7),
    data: Buffer.alloc(90, 9),
  };

  test('comes back, with the fields in restic’s order', () => {
    const encoded = encodeKeyDocument(key);
    expect(Object.keys(JSON.parse(encoded.toString()))).toEqual(['created', 'username', 'hostname', 'kdf', 'N', 'r', 'p', 'salt', 'data']);
    expect(decodeKeyDocument('k', encoded)).toEqual(key);
  });

  test.each([{ N: 3 }, { N: 0 }, { r: 0 }, { p: -1 }, { p: 1.5 }, { salt: Buffer.alloc(32) }])('refuses %j', (change) => {
    expect(() => decodeKeyDocument('k', encodeKeyDocument({ ...key, ...change }))).toThrow(damaged);
  });

  test('refuses another derivation', () => {
    expect(() => decodeKeyDocument('k', Buffer.from(encodeKeyDocument(key).toString().replace('scrypt', 'argon2')))).toThrow(damaged);
  });

  test('refuses a master key with a part of zeros', () => {
    const zero = encodeMasterKey({ encrypt: Buffer.alloc(32), macK: Buffer.alloc(16, 1), macR: Buffer.alloc(16, 1) });
    expect(() => decodeMasterKey(zero)).toThrow(damaged);
  });
});

describe('snapshot', () => {
  const draft: SnapshotDraft = { time: '2026-11-21T10:00:00+01:00', tree: id('b'), paths: ['/z <&>', '/a'] };

  test('leaves out what is empty and keeps the order of paths', () => {
    const text = encodeSnapshot({ ...draft, uid: 0, gid: 100, tags: [], excludes: [], parent: undefined }).toString();
    expect(text).toBe(`{"time":"2026-11-21T10:00:00+01:00","tree":"${id('b')}","paths":["/z \\u003c\\u0026\\u003e","/a"],"gid":100}`);
  });

  test('knows its instant and the offset it was made in', () => {
    const snapshot = decodeSnapshot(id('c'), encodeSnapshot(draft));
    expect(snapshot.offsetSeconds).toBe(3600);
    expect(snapshot.timeNs).toBe(BigInt(Date.parse('2026-11-21T09:00:00Z')) * 1_000_000n);
  });

  test('keeps fields it does not know within reach', () => {
    const snapshot = decodeSnapshot(id('c'), Buffer.from(`{"time":"2026-11-21T10:00:00Z","tree":"${id('b')}","paths":null,"label":"x"}`));
    expect(snapshot.paths).toEqual([]);
    expect(snapshot.document.label).toBe('x');
  });

  test.each([
    '',
    '[]',
    '{"time":"x"}',
    '{"time":"2026-11-21T10:00:00Z","paths":[]}',
    `{"time":"2026-11-21T10:00:00Z","tree":"${id('b')}","paths":[1]}`,
  ])('calls %j damaged', (text) => {
    expect(() => decodeSnapshot(id('c'), Buffer.from(text))).toThrow(damaged);
  });
});

function packsOf(table: IndexTable): IndexEntry[] {
  const packs: IndexEntry[] = [];
  table.forEachPack((packId, first, end) => {
    const blobs = Array.from({ length: end - first }, (_, i) => first + i).map((row) => ({
      id: table.ids.slice(row * 32, row * 32 + 32),
      type: table.treeFlags[row] === 1 ? ('tree' as const) : ('data' as const),
      offset: table.offsets[row] ?? 0,
      length: table.lengths[row] ?? 0,
      uncompressedLength: table.uncompressedLengths[row] ?? 0,
    }));
    packs.push({ id: packId, blobs });
  });
  return packs;
}

describe('index', () => {
  const blob = (seed: number, type: 'data' | 'tree'): IndexEntry['blobs'][number] => ({
    id: new Uint8Array(32).fill(seed),
    type,
    offset: seed * 1000,
    length: 2 ** 32 - 1,
    uncompressedLength: seed % 2 === 0 ? 0 : 77,
  });
  const packs: IndexEntry[] = [
    { id: id('1'), blobs: [blob(1, 'data'), blob(2, 'tree')] },
    { id: id('2'), blobs: [] },
    { id: id('3'), blobs: Array.from({ length: 100 }, (_, i) => blob(i, 'data')) },
  ];

  test('comes back from its usual layout', () => {
    const encoded = encodeIndexDocument(packs);
    expect(encoded.at(-1)).toBe(0x0a);
    expect(packsOf(decodeIndexDocument('i', encoded))).toEqual(packs);
    expect(decodeIndexDocument('i', encodeIndexDocument([])).rows).toBe(0);
  });

  test('is read in any other layout too, with fields nobody knows', () => {
    const document = { supersedes: [id('f')], packs_to_delete: [], ...JSON.parse(encodeIndexDocument(packs).toString()) };
    expect(packsOf(decodeIndexDocument('i', Buffer.from(JSON.stringify(document, null, 1))))).toEqual(packs);
  });

  test.each([
    '',
    '[]',
    '[{"id":1}]',
    '{"packs":7}',
    '{"packs":[{"id":"x","blobs":[]}]}',
    `{"packs":[{"id":"${id('1')}","blobs":[{"id":"${id('2')}","type":"other"}]}]}`,
    `{"packs":[{"id":"${id('1')}","blobs":[{"id":"${id('2')}","type":"data","offset":-1,"length":1}]}]}`,
  ])('calls %j damaged', (text) => {
    expect(() => decodeIndexDocument('i', Buffer.from(text))).toThrow(damaged);
  });
});

describe('files in locks/', () => {
  const lock: LockDocument = {
    time: '2026-11-21T10:00:00Z',
    exclusive: false,
    hostname: 'h',
    username: 'u',
    pid: 7,
    uid: 0,
    gid: 5,
    fortfail: { v: 1, kind: 'reader', session: '0'.repeat(32), lease: '', holds: [id('a')] },
  };

  test('a session’s lock is restic’s lock with a field more', () => {
    const encoded = encodeLock(lock);
    expect(encoded.toString()).toMatch(
      /^\{"time":"2026-11-21T10:00:00Z","exclusive":false,"hostname":"h","username":"u","pid":7,"gid":5,"fortfail":\{"v":1/,
    );
    expect(decodeLockFile('l', encoded)).toEqual({ kind: 'lock', lock });
    expect(decodeLockFile('l', encodeLock({ ...lock, fortfail: undefined }))).toEqual({
      kind: 'lock',
      lock: { ...lock, fortfail: undefined },
    });
  });

  test('documents waiting to be moved are told apart', () => {
    const record = { keeper: 'k', pass: 'p', time: '', packs: [id('d')], why: 'unused' };
    expect(decodeLockFile('l', encodeSnapshot({ time: '2026-11-21T10:00:00Z', tree: id('b'), paths: [] })).kind).toBe('seal');
    expect(decodeLockFile('l', encodeIndexDocument([])).kind).toBe('staged-index');
    expect(decodeLockFile('l', encodeCondemnRecord(record)).kind).toBe('condemn-record');
    expect(decodeCondemnRecord('l', encodeCondemnRecord(record))).toEqual(record);
  });

  test('an empty object is a lock of nobody, and half a document is damaged', () => {
    expect(decodeLockFile('l', Buffer.from('{}')).kind).toBe('lock');
    expect(() => decodeLockFile('l', Buffer.from('{"time":'))).toThrow(damaged);
  });
});
