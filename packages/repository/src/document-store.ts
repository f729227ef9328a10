import { createHash } from 'node:crypto';
import { FortFailError } from '@fortfail/base';
import type { FileType, StorageBackend } from '@fortfail/storage';
import type { Sealer } from './crypto/sealer.ts';
import { openDocument, sealDocument } from './format/unpacked.ts';

/** The kinds of files that hold one sealed document, named by the hash of its stored bytes. */
export type DocumentType = Extract<FileType, 'index' | 'snapshot' | 'lock' | 'condemned' | 'trash' | 'hold' | 'pass'>;

/** SHA-256 as a file name. */
export function nameOf(stored: Uint8Array): string {
  return createHash('sha256').update(stored).digest('hex');
}

/** A document as it will be stored. */
export interface SealedDocument {
  readonly name: string;
  readonly stored: Buffer;
}

interface StoreOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Reads and writes sealed documents: the name and the authenticator are checked on every read. */
export class DocumentStore {
  readonly backend: StorageBackend;
  readonly version: 1 | 2;
  readonly #sealer: Sealer;

  constructor(backend: StorageBackend, sealer: Sealer, version: 1 | 2) {
    this.backend = backend;
    this.version = version;
    this.#sealer = sealer;
  }

  /** The stored bytes of a document and the name they will have. Two calls give two names: nonces are random. */
  seal(plain: Uint8Array): SealedDocument {
    const stored = sealDocument(this.#sealer, plain, this.version);
    return { name: nameOf(stored), stored };
  }

  /** Seals and stores a document; answers with its name. */
  async save(type: DocumentType, plain: Uint8Array, options: StoreOptions = {}): Promise<string> {
    const { name, stored } = this.seal(plain);
    await this.backend.put({ type, name }, stored, options);
    return name;
  }

  /** Throws `not-found`, and `damaged` when the bytes are not those that were stored. */
  async load(type: DocumentType, name: string, options: StoreOptions = {}): Promise<Buffer> {
    const stored = await this.backend.get({ type, name }, undefined, options);
    if (nameOf(stored) !== name) {
      throw new FortFailError({
        kind: 'damaged',
        code: 'name',
        message: `unable to read ${type} '${name}', its bytes do not match its name`,
      });
    }
    return openDocument(this.#sealer, stored);
  }

  /** Opens the config file's bytes: sealed, never compressed, without a name to check. */
  open(stored: Uint8Array): Buffer {
    return this.#sealer.open(stored);
  }
}
