import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFortFailError, Secret } from '@fortfail/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3Double } from '../testing/s3-double.ts';
import { checkedBody } from './checked-body.ts';
import { LocalObjectStore } from './local/local-object-store.ts';
import { type ObjectClaim, type ObjectStore, promote } from './object-store.ts';
import { openObjectStore } from './open-object-store.ts';
import { S3ObjectStore, type S3Place } from './s3/s3-object-store.ts';

const claimOf = (bytes: Uint8Array): ObjectClaim => ({
  sizeBytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});
const small = randomBytes(70_000);
const large = randomBytes((16 << 20) * 2 + 123);

async function* inPieces(bytes: Uint8Array, pieceBytes = 60_000): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) yield bytes.subarray(offset, offset + pieceBytes);
}

async function* brokenOff(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, bytes.length / 2);
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

async function read(store: ObjectStore, key: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await store.get(key)).body) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function failure(work: Promise<unknown>): Promise<{ kind: string; code: string }> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFortFailError(error)) throw error ?? new Error('it did not fail');
  return { kind: error.kind, code: error.code };
}

function suite(open: () => Promise<{ store: ObjectStore; isEmpty(): boolean; end(): Promise<void> }>): void {
  let made: Awaited<ReturnType<typeof open>>;
  let store: ObjectStore;
  beforeAll(async () => {
    made = await open();
    store = made.store;
    await store.prepare();
    await store.prepare();
  });
  afterAll(() => made.end());

  it('keeps nothing of an object that is not what was claimed, or whose sender went away', async () => {
    for (const bytes of [small, large]) {
      const wrong = { ...claimOf(bytes), sha256: 'a'.repeat(64) };
      const shorter = { ...claimOf(bytes), sizeBytes: bytes.length - 1 };
      const longer = { ...claimOf(bytes), sizeBytes: bytes.length + 1 };
      expect(await failure(store.put('objects/a', inPieces(bytes), wrong))).toEqual({ kind: 'invalid-input', code: 'object-sum' });
      expect(await failure(store.put('objects/a', inPieces(bytes), shorter))).toEqual({ kind: 'invalid-input', code: 'object-too-long' });
      expect(await failure(store.put('objects/a', inPieces(bytes), longer))).toEqual({ kind: 'invalid-input', code: 'object-too-short' });
      expect(await failure(store.put('objects/a', brokenOff(bytes), claimOf(bytes)))).toEqual({
        kind: 'cancelled',
        code: 'object-sender-gone',
      });
    }
    expect(await store.head('objects/a')).toBeUndefined();
    expect((await failure(store.get('objects/a'))).kind).toBe('not-found');
    expect(made.isEmpty()).toBe(true);
  });

  it('stores, reads, sizes and removes objects of one piece and of many', async () => {
    for (const bytes of [small, large, randomBytes(16 << 20), Buffer.from('x')]) {
      await store.reserve(bytes.length);
      await store.put('objects/b', inPieces(bytes), claimOf(bytes));
      expect(await store.head('objects/b')).toEqual({ sizeBytes: bytes.length });
      expect((await read(store, 'objects/b')).equals(bytes)).toBe(true);
    }
    await store.remove('objects/b');
    await store.remove('objects/b');
    expect(await store.head('objects/b')).toBeUndefined();
  });

  it('promotes what is right, from where others may write to where nobody may', async () => {
    await store.put('incoming/a/b', inPieces(small), claimOf(small));
    expect((await failure(promote(store, 'incoming/a/b', 'objects/c', claimOf(large)))).code).toBe('object-too-short');
    expect(await store.head('objects/c')).toBeUndefined();
    await promote(store, 'incoming/a/b', 'objects/c', claimOf(small));
    expect((await read(store, 'objects/c')).equals(small)).toBe(true);
    expect((await failure(promote(store, 'incoming/a/b', 'objects/c', claimOf(small)))).kind).toBe('not-found');
  });

  it('uses no text of others as a key', async () => {
    for (const key of ['../a', '/a', 'a//b', 'a/../b', 'A', '', 'a/b/c/d/e', 'a b', 'a\0'])
      expect((await failure(store.head(key))).code).toBe('object-key');
  });
}

describe('the object folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ff-objects-'));
  suite(async () => ({
    store: await openObjectStore({ kind: 'local', folder: join(folder, 'store') }),
    isEmpty: () => readdirSync(join(folder, 'store', 'partial')).length === 0,
    end: async () => rmSync(folder, { recursive: true }),
  }));

  it('forgets what a writer left that died, and lets nobody else read', async () => {
    const own = join(folder, 'other');
    const store: ObjectStore = new LocalObjectStore(own);
    await store.prepare();
    writeFileSync(join(own, 'partial', 'left'), 'half');
    await store.prepare();
    expect(existsSync(join(own, 'partial', 'left'))).toBe(false);
    await store.put('objects/a', inPieces(small), claimOf(small));
    expect([statSync(own).mode & 0o777, statSync(join(own, 'objects', 'a')).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(store.presignPut).toBeUndefined();
  });

  it('says before the first byte that there is not that much space', async () => {
    const store = new LocalObjectStore(folder);
    expect(await failure(store.reserve(2 ** 52))).toEqual({ kind: 'no-space', code: 'object-no-space' });
  });

  it('gives the last piece away only once the whole is right', async () => {
    const seen: number[] = [];
    const reading = (async () => {
      for await (const piece of checkedBody(inPieces(small), { ...claimOf(small), sha256: 'b'.repeat(64) }, true)) seen.push(piece.length);
    })();
    expect((await failure(reading)).code).toBe('object-sum');
    expect(seen).toEqual([60_000]);
  });
});

describe('S3', () => {
  let double: S3Double;
  let place: S3Place;
  let made: S3ObjectStore;
  const real = process.env.FORTFAIL_TEST_S3_ENDPOINT;
  beforeAll(async () => {
    double = await S3Double.start();
    place = {
      endpoint: real ?? double.endpoint,
      bucket: `ff-${randomBytes(4).toString('hex')}`,
      region: 'us-east-1',
      accessKey: process.env.FORTFAIL_TEST_S3_ACCESS_KEY ?? 'access-key',
      secretKey: new Secret(process.env.FORTFAIL_TEST_S3_SECRET_KEY ?? 'secret-key-of-the-double'),
    };
  });
  afterAll(() => double[Symbol.asyncDispose]());

  describe(real === undefined ? 'as the double speaks it' : 'as a real server speaks it', () => {
    suite(async () => {
      made = new S3ObjectStore(place);
      return {
        store: made,
        isEmpty: () => double.objects.size === 0 && double.uploads.size === 0,
        end: () => made[Symbol.asyncDispose](),
      };
    });

    const put = (url: string, body: Uint8Array): Promise<number> =>
      new Promise((resolve, reject) => {
        const call = request(url, { method: 'PUT', headers: { 'content-length': body.length } }, (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? 0));
        });
        call.on('error', reject);
        call.end(body);
      });

    it('gives away a URL for one incoming key, one length and one sum', async () => {
      const url = await made.presignPut?.('incoming/x/y', claimOf(small), 900);
      const { pathname, searchParams } = new URL(url ?? '');
      expect(pathname).toBe(`/${place.bucket}/incoming/x/y`);
      expect(searchParams.get('X-Amz-Expires')).toBe('900');
      expect(searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;host');
      expect(searchParams.get('x-amz-checksum-sha256')).toBe(Buffer.from(claimOf(small).sha256, 'hex').toString('base64'));
      // A plain PUT is enough, as the first API's clients send it.
      expect(await put(url ?? '', small)).toBe(200);
      expect((await read(made, 'incoming/x/y')).equals(small)).toBe(true);
      await expect(made.presignPut?.('objects/x', claimOf(small), 900)).rejects.toMatchObject({ code: 'presign-final-key' });
    });

    // What only a real server can show; the double verifies no signature.
    if (real !== undefined)
      it('refuses another length under that URL', async () => {
        const url = await made.presignPut?.('incoming/x/z', claimOf(small), 900);
        expect(await put(url ?? '', small.subarray(1))).toBe(403);
      });
  });

  it('presigns for the address that others use, or not at all', async () => {
    await using other = new S3ObjectStore({ ...place, publicEndpoint: 'https://objects.example:9443' });
    expect(await other.presignPut?.('incoming/x/y', claimOf(small), 900)).toMatch(/^https:\/\/objects\.example:9443\//);
    await using none = new S3ObjectStore({ ...place, publicEndpoint: null });
    expect(none.presignPut).toBeUndefined();
  });

  it('says that nobody answers, or what was refused, never as a bug', async () => {
    await using nobody = new S3ObjectStore({ ...place, endpoint: 'http://127.0.0.1:9' });
    expect((await failure(nobody.prepare())).kind).toBe('unavailable');
    await using refusing = new S3ObjectStore({ ...place, endpoint: double.endpoint });
    double.failWith = 403;
    expect((await failure(refusing.put('objects/q', inPieces(small), claimOf(small)))).kind).toBe('denied');
    double.failWith = 507;
    expect((await failure(refusing.put('objects/q', inPieces(small), claimOf(small)))).kind).toBe('no-space');
    double.failWith = undefined;
  });
});
