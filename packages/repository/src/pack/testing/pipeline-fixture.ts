import { createCipheriv, hash } from 'node:crypto';
import type { StorageBackend } from '@fortfail/storage';
import { MemoryBackend } from '@fortfail/storage/testing';
import type { MasterKey } from '../../crypto/master-key.ts';
import { ClaimSet } from '../../index-store/claim-set.ts';
import { SharedIndex } from '../../index-store/shared-index.ts';
import { loadKernelModule } from '../../kernels/kernel-module.ts';
import { PackReader } from '../pack-reader.ts';
import { PackWriter } from '../pack-writer.ts';
import type { PackRecord } from '../packed-blob.ts';
import type { BlobPipelineInit } from '../pipeline-init.ts';

/** A polynomial for tests: that of restic's own vectors. */
export const testPolynomial = 0x3da3358b4dc173n;

/** A key for tests: that of restic's own vector. */
export const testKey: MasterKey = {
  encrypt: Buffer.from('303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef', 'hex'),
  macK: Buffer.from('ef4d8824cb80b2bcc5fbff8a9b12a42c', 'hex'),
  macR: Buffer.from('cc8d4b948ee0ebfe1d415de921d10353', 'hex'),
};

/** Bytes that look random and are the same in every run: a key stream, another for each seed. */
export function noise(length: number, seed = 0): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(seed);
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), iv).update(Buffer.alloc(length));
}

/** Bytes that compress to about a third. */
export function prose(length: number, seed = 0): Buffer {
  const bytes = noise(length, seed);
  for (let i = 0; i < length; i += 1) bytes[i] = 97 + ((bytes[i] ?? 0) & 3);
  return bytes;
}

export function idOf(plain: Uint8Array): Buffer {
  return hash('sha256', plain, 'buffer');
}

/** A repository's blobs without its documents: one backend, one index, what was reported. */
export class PipelineFixture {
  readonly backend: MemoryBackend;
  readonly index = SharedIndex.create();
  readonly records: PackRecord[] = [];
  readonly init: BlobPipelineInit;

  constructor(change: Partial<BlobPipelineInit> = {}) {
    this.backend = new MemoryBackend();
    this.init = {
      location: this.backend.location,
      key: testKey,
      polynomial: testPolynomial,
      version: 2,
      compression: 'auto',
      packSizeBytes: 4 * 1024 * 1024,
      module: loadKernelModule(),
      index: this.index.transfer(),
      claims: ClaimSet.create().transfer(),
      extraVerify: true,
      ...change,
    };
  }

  /** A writer whose packs are indexed as soon as they are stored. */
  writer(backend: StorageBackend = this.backend): PackWriter {
    return new PackWriter(this.init, backend, (record) => {
      this.records.push(record);
      this.index.add(record.id, record.blobs);
    });
  }

  reader(backend: StorageBackend = this.backend): PackReader {
    return new PackReader(this.init, backend);
  }

  /** The only pack, when there is one. */
  get onlyPack(): PackRecord {
    const [record, ...others] = this.records;
    if (record === undefined || others.length > 0) throw new Error(`expected one pack, not ${this.records.length}`);
    return record;
  }
}
