import { createHash, randomBytes } from 'node:crypto';
import { type ErrorKind, isFortFailError } from '@fortfail/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileType, Handle, StorageBackend } from '../backend.ts';
import { listedTypes } from '../layout.ts';
import { listAll } from '../list-all.ts';

/** A fresh, empty store for one test, and how to open it once more and throw it away. */
export interface BackendFixture {
  readonly backend: StorageBackend;
  /** A second client of the same store. */
  readonly again?: () => Promise<StorageBackend>;
  /** Stores a file with a name that is not FortFail's beside the others, where that is possible. */
  readonly putForeign?: (folder: string, name: string) => Promise<void>;
  readonly dispose?: () => Promise<void>;
}

const nameOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');
const sample = (type: Exclude<FileType, 'config'>, sizeBytes = 100): { handle: Handle; body: Buffer } => {
  const body = randomBytes(sizeBytes);
  return { handle: { type, name: nameOf(body) }, body };
};

async function kindOf(promise: Promise<unknown>): Promise<ErrorKind | 'resolved' | 'unclassified'> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return isFortFailError(error) ? error.kind : 'unclassified';
  }
}

async function namesIn(backend: StorageBackend, type: FileType): Promise<string[]> {
  return (await listAll(backend, type)).map((file) => file.name).sort();
}

/** What every kind of store must do. One line in a store's own test file joins it. */
export function backendSuite(name: string, make: () => Promise<BackendFixture>): void {
  describe(`store contract: ${name}`, () => {
    let fixture: BackendFixture;
    let backend: StorageBackend;

    beforeEach(async () => {
      fixture = await make();
      backend = fixture.backend;
      await backend.create();
    });
    afterEach(async () => {
      await backend[Symbol.asyncDispose]();
      await fixture.dispose?.();
    });

    writingTests(() => backend);
    readingTests(() => backend);
    listingTests(
      () => backend,
      () => fixture,
    );
    movingTests(() => backend);
    otherTests(
      () => backend,
      () => fixture,
    );
  });
}

function writingTests(backend: () => StorageBackend): void {
  it('reads back every kind of file under its name', async () => {
    for (const type of listedTypes) {
      const { handle, body } = sample(type);
      await backend().put(handle, body);
      expect(Buffer.from(await backend().get(handle)).equals(body)).toBe(true);
      expect((await backend().stat(handle)).sizeBytes).toBe(body.length);
      expect(await namesIn(backend(), type)).toEqual([handle.name]);
    }
  });

  it('stores an empty file and one of some megabytes whole', async () => {
    for (const sizeBytes of [0, 5_000_001]) {
      const { handle, body } = sample('pack', sizeBytes);
      await backend().put(handle, body);
      expect(Buffer.from(await backend().get(handle)).equals(body)).toBe(true);
    }
  });

  it('refuses to store under a name that is taken and keeps what was there', async () => {
    const { handle, body } = sample('key');
    await backend().put(handle, body);
    expect(await kindOf(backend().put(handle, randomBytes(10)))).toBe('conflict');
    expect(Buffer.from(await backend().get(handle)).equals(body)).toBe(true);
  });

  it('lets exactly one of several writers of a name win, with its bytes whole', async () => {
    const { handle } = sample('pack');
    const bodies = Array.from({ length: 8 }, (_, writer) => Buffer.alloc(300_000, writer));
    const ends = await Promise.all(bodies.map((body) => kindOf(backend().put(handle, body))));
    expect(ends.filter((end) => end === 'resolved')).toHaveLength(1);
    expect(ends.filter((end) => end === 'conflict')).toHaveLength(7);
    const winner = bodies[ends.indexOf('resolved')];
    expect(Buffer.from(await backend().get(handle)).equals(winner ?? Buffer.alloc(0))).toBe(true);
  });

  it('refuses a name that no listing would show', async () => {
    expect(await kindOf(backend().put({ type: 'pack', name: '../config' }, randomBytes(1)))).toBe('invalid-input');
    expect(await kindOf(backend().put({ type: 'snapshot', name: 'ABC' }, randomBytes(1)))).toBe('invalid-input');
    expect(await kindOf(backend().put({ type: 'config', name: 'x' }, randomBytes(1)))).toBe('invalid-input');
  });
}

function readingTests(backend: () => StorageBackend): void {
  it('reads exactly the range that was asked for', async () => {
    const { handle, body } = sample('pack', 1000);
    await backend().put(handle, body);
    for (const [offset, length] of [
      [0, 1000],
      [0, 0],
      [1000, 0],
      [999, 1],
      [10, 100],
    ] as const) {
      const read = await backend().get(handle, { offset, length });
      expect(Buffer.from(read).equals(body.subarray(offset, offset + length))).toBe(true);
    }
  });

  it('reads into memory of the caller and answers with a view of it', async () => {
    const { handle, body } = sample('pack', 500);
    await backend().put(handle, body);
    const into = new Uint8Array(800);
    const read = await backend().get(handle, { offset: 100, length: 300 }, { into });
    expect(read.buffer).toBe(into.buffer);
    expect(read.length).toBe(300);
    expect(Buffer.from(into.subarray(0, 300)).equals(body.subarray(100, 400))).toBe(true);
    expect(await kindOf(backend().get(handle, undefined, { into: new Uint8Array(10) }))).toBe('invalid-input');
  });

  it('calls a file damaged that ends before the range does', async () => {
    const { handle, body } = sample('pack', 50);
    await backend().put(handle, body);
    expect(await kindOf(backend().get(handle, { offset: 40, length: 11 }))).toBe('damaged');
    expect(await kindOf(backend().get(handle, { offset: 60, length: 1 }))).toBe('damaged');
  });

  it('refuses a range that cannot be', async () => {
    const { handle } = sample('pack');
    expect(await kindOf(backend().get(handle, { offset: -1, length: 1 }))).toBe('invalid-input');
    expect(await kindOf(backend().get(handle, { offset: 0.5, length: 1 }))).toBe('invalid-input');
  });

  it('says not-found for what is not there', async () => {
    const { handle } = sample('snapshot');
    expect(await kindOf(backend().get(handle))).toBe('not-found');
    expect(await kindOf(backend().stat(handle))).toBe('not-found');
    expect(await kindOf(backend().remove(handle))).toBe('not-found');
    expect(await kindOf(backend().get({ type: 'config', name: '' }))).toBe('not-found');
  });
}

function listingTests(backend: () => StorageBackend, fixture: () => BackendFixture): void {
  it('lists each file once, with its size and a time', async () => {
    const files = Array.from({ length: 150 }, (_, position) => sample('pack', position));
    for (const { handle, body } of files) await backend().put(handle, body);
    const listed = await listAll(backend(), 'pack');
    expect(listed).toHaveLength(150);
    const sizes = new Map(listed.map((file) => [file.name, file.sizeBytes]));
    for (const { handle, body } of files) expect(sizes.get(handle.name)).toBe(body.length);
    for (const file of listed) expect(Number.isFinite(file.modified.getTime())).toBe(true);
  });

  it('lists nothing in an empty store', async () => {
    for (const type of ['config', ...listedTypes] as const) expect(await namesIn(backend(), type)).toEqual([]);
  });

  it('lists config under the empty name', async () => {
    await backend().put({ type: 'config', name: '' }, randomBytes(155));
    const listed = await listAll(backend(), 'config');
    expect(listed.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([['', 155]]);
  });

  it('skips names that are neither restic\u2019s nor FortFail\u2019s', async () => {
    const { putForeign } = fixture();
    if (putForeign === undefined) return;
    const { handle, body } = sample('snapshot');
    await backend().put(handle, body);
    for (const name of ['README', `${handle.name}-tmp-12345`, `${handle.name.slice(1)}g`, handle.name.toUpperCase().replace(/^./, 'A')]) {
      await putForeign('snapshots', name);
    }
    expect(await namesIn(backend(), 'snapshot')).toEqual([handle.name]);
  });
}

function movingTests(backend: () => StorageBackend): void {
  const hasMove = (): boolean => backend().properties.hasMove;
  const move = async (from: Handle, to: Handle): Promise<void> => {
    const current = backend();
    if (current.move === undefined) throw new Error('a store with hasMove must have move');
    await current.move(from, to);
  };

  it('moves a file with its bytes', async () => {
    if (!hasMove()) return;
    const { handle, body } = sample('lock');
    const to: Handle = { type: 'snapshot', name: handle.name };
    await backend().put(handle, body);
    await move(handle, to);
    expect(Buffer.from(await backend().get(to)).equals(body)).toBe(true);
    expect(await namesIn(backend(), 'lock')).toEqual([]);
  });

  it('fails not-found once the source is gone: this is the fence', async () => {
    if (!hasMove()) return;
    const { handle, body } = sample('lock');
    const to: Handle = { type: 'snapshot', name: handle.name };
    expect(await kindOf(move(handle, to))).toBe('not-found');
    await backend().put(handle, body);
    await backend().remove(handle);
    expect(await kindOf(move(handle, to))).toBe('not-found');
    expect(await namesIn(backend(), 'snapshot')).toEqual([]);
  });

  it('never replaces the target of a move', async () => {
    if (!hasMove()) return;
    const { handle, body } = sample('lock');
    const to: Handle = { type: 'trash', name: handle.name };
    await backend().put(handle, randomBytes(5));
    await backend().put(to, body);
    expect(await kindOf(move(handle, to))).toBe('conflict');
    expect(Buffer.from(await backend().get(to)).equals(body)).toBe(true);
    expect(await namesIn(backend(), 'lock')).toEqual([handle.name]);
  });

  it('lets at most one of several movers to one name win', async () => {
    if (!hasMove()) return;
    const { handle, body } = sample('snapshot');
    const to: Handle = { type: 'trash', name: handle.name };
    await backend().put(handle, body);
    const ends = await Promise.all(Array.from({ length: 6 }, () => kindOf(move(handle, to))));
    expect(ends.filter((end) => end === 'resolved')).toHaveLength(1);
    expect(ends.filter((end) => end !== 'resolved').every((end) => end === 'conflict' || end === 'not-found')).toBe(true);
    expect(Buffer.from(await backend().get(to)).equals(body)).toBe(true);
  });
}

function otherTests(backend: () => StorageBackend, fixture: () => BackendFixture): void {
  it('removes a file, and its name is free again', async () => {
    const { handle, body } = sample('index');
    await backend().put(handle, body);
    await backend().remove(handle);
    expect(await namesIn(backend(), 'index')).toEqual([]);
    await backend().put(handle, body);
    expect(await namesIn(backend(), 'index')).toEqual([handle.name]);
  });

  it('replaces config, and is harmless to create again', async () => {
    const config: Handle = { type: 'config', name: '' };
    await backend().put(config, Buffer.from('one'));
    expect(await kindOf(backend().put(config, Buffer.from('two')))).toBe('conflict');
    await backend().replaceConfig(Buffer.from('three'));
    await backend().create();
    expect(Buffer.from(await backend().get(config)).toString()).toBe('three');
  });

  it('shows another client what was stored', async () => {
    const { again } = fixture();
    if (again === undefined) return;
    const { handle, body } = sample('snapshot');
    await backend().put(handle, body);
    await using other = await again();
    expect(Buffer.from(await other.get(handle)).equals(body)).toBe(true);
    expect(await namesIn(other, 'snapshot')).toEqual([handle.name]);
  });

  it('does nothing more once the caller gave up', async () => {
    const { handle, body } = sample('pack');
    const signal = AbortSignal.abort();
    expect(await kindOf(backend().put(handle, body, { signal }))).toBe('cancelled');
    expect(await kindOf(backend().get(handle, undefined, { signal }))).toBe('cancelled');
    expect(await kindOf(listAll(backend(), 'pack', { signal }))).toBe('cancelled');
    expect(await namesIn(backend(), 'pack')).toEqual([]);
  });
}
