import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { FortFailError, type Secret } from '@fortfail/base';
import type { IoOptions } from '../../backend.ts';
import { checkedBody } from '../checked-body.ts';
import { checkKey, type ObjectClaim, type ObjectStore, type StoredObject } from '../object-store.ts';
import { fromS3Error, isMissing } from './s3-errors.ts';

export interface S3Place {
  readonly endpoint: string;
  /** Where others reach the same server; presigned URLs name it. Undefined: `endpoint`; null: presign nothing. */
  readonly publicEndpoint?: string | null | undefined;
  readonly bucket: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: Secret;
}

/** Sent at once up to this size, in parts of it beyond; so much is in memory per upload. S3 allows 10,000 parts. */
const partBytes = 16 << 20;

/** Objects in a bucket of any S3, path style. A large object is sent in parts that become an object only when all are right. */
export class S3ObjectStore implements ObjectStore {
  readonly kind = 's3';
  readonly #client: S3Client;
  readonly #presigner: S3Client | undefined;
  readonly #bucket: string;
  readonly presignPut?: (key: string, claim: ObjectClaim, seconds: number) => Promise<string>;

  constructor(place: S3Place) {
    this.#bucket = place.bucket;
    this.#client = clientFor(place, place.endpoint);
    if (place.publicEndpoint === null) return;
    this.#presigner = place.publicEndpoint === undefined ? this.#client : clientFor(place, place.publicEndpoint);
    this.presignPut = (key, claim, seconds) => this.#presign(key, claim, seconds);
  }

  async prepare(options: IoOptions = {}): Promise<void> {
    await this.#doing(`make bucket '${this.#bucket}'`, async () => {
      try {
        await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), abort(options));
      } catch (error) {
        if (!isMissing(error)) throw error;
        await this.#client.send(new CreateBucketCommand({ Bucket: this.#bucket }), abort(options));
      }
    });
  }

  async reserve(): Promise<void> {
    // A bucket does not say how much it will take.
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, claim: ObjectClaim, options: IoOptions = {}): Promise<void> {
    const Key = checkKey(key);
    await this.#doing('store an object', async () => {
      const parts = inParts(checkedBody(body, claim), Math.min(partBytes, claim.sizeBytes));
      if (claim.sizeBytes > partBytes) return this.#putParts(Key, parts, options);
      // The iteration ends only when the bytes are right; before that nothing is sent.
      let Body: Uint8Array = new Uint8Array();
      for await (const part of parts) Body = part;
      const ChecksumSHA256 = Buffer.from(claim.sha256, 'hex').toString('base64');
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key, Body, ChecksumSHA256 }), abort(options));
    });
  }

  async get(key: string, options: IoOptions = {}): Promise<StoredObject> {
    const Key = checkKey(key);
    const answer = await this.#doing('read an object', () =>
      this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key }), abort(options)),
    );
    const body = answer.Body as AsyncIterable<Uint8Array> | undefined;
    if (body === undefined || answer.ContentLength === undefined) throw fromS3Error(undefined, 'read an object');
    return { sizeBytes: answer.ContentLength, body: this.#withKinds(body) };
  }

  async head(key: string, options: IoOptions = {}): Promise<{ readonly sizeBytes: number } | undefined> {
    const Key = checkKey(key);
    return this.#doing('look for an object', async () => {
      try {
        const { ContentLength } = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key }), abort(options));
        return { sizeBytes: ContentLength ?? 0 };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async remove(key: string, options: IoOptions = {}): Promise<void> {
    const Key = checkKey(key);
    await this.#doing('remove an object', () => this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key }), abort(options)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#presigner?.destroy();
    this.#client.destroy();
  }

  async #putParts(Key: string, parts: AsyncIterable<Uint8Array>, options: IoOptions): Promise<void> {
    const at = { Bucket: this.#bucket, Key };
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(at), abort(options));
    try {
      const done: { ETag: string | undefined; PartNumber: number }[] = [];
      for await (const Body of parts) {
        const PartNumber = done.length + 1;
        const { ETag } = await this.#client.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }), abort(options));
        done.push({ ETag, PartNumber });
      }
      // All bytes were seen and are right: now, and not before, they become an object.
      await this.#client.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: done } }), abort(options));
    } catch (error) {
      // Left-over parts are only space, and a bucket's own rule removes them; the first failure is what matters.
      await this.#client.send(new AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  async #presign(key: string, claim: ObjectClaim, seconds: number): Promise<string> {
    if (!key.startsWith('incoming/') || this.#presigner === undefined)
      throw new FortFailError({ kind: 'bug', code: 'presign-final-key', message: 'unable to give away a key that is not incoming' });
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: checkKey(key),
      ContentLength: claim.sizeBytes,
      ChecksumSHA256: Buffer.from(claim.sha256, 'hex').toString('base64'),
    });
    // The length is a header that every client sends anyway; the sum goes into the query, so that a plain PUT is enough.
    return this.#doing('presign an upload', () =>
      getSignedUrl(this.#presigner as S3Client, command, {
        expiresIn: seconds,
        signableHeaders: new Set(['host', 'content-length']),
        hoistableHeaders: new Set(['x-amz-checksum-sha256', 'x-amz-sdk-checksum-algorithm']),
      }),
    );
  }

  async *#withKinds(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of body) yield piece;
    } catch (error) {
      throw fromS3Error(error, 'read an object');
    }
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fromS3Error(error, what);
    }
  }
}

function clientFor(place: S3Place, endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: place.region,
    forcePathStyle: true,
    credentials: { accessKeyId: place.accessKey, secretAccessKey: place.secretKey.reveal() },
    // What is sent is checked by ourselves; servers that know no trailing checksums exist.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
  });
}

function abort(options: IoOptions): { abortSignal?: AbortSignal } {
  return options.signal === undefined ? {} : { abortSignal: options.signal };
}

/** The same bytes in pieces of one length, the last one shorter. A piece is good until the next one is asked for. */
async function* inParts(body: AsyncIterable<Uint8Array>, lengthBytes: number): AsyncGenerator<Buffer> {
  const part = Buffer.allocUnsafe(lengthBytes);
  let filled = 0;
  for await (const piece of body) {
    for (let offset = 0; offset < piece.length; ) {
      const take = Math.min(piece.length - offset, lengthBytes - filled);
      part.set(piece.subarray(offset, offset + take), filled);
      filled += take;
      offset += take;
      if (filled < lengthBytes) continue;
      yield part;
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
