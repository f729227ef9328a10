import type { FortFailError } from '@fortfail/base';
import type { PackedBlob } from '../pack/packed-blob.ts';
import { DocumentFields, isFields, isId } from './document-fields.ts';
import { scanIndex } from './index-scan.ts';
import { IndexTable } from './index-table.ts';

/** A pack and its blobs, as one entry of an index document. */
export interface IndexEntry {
  readonly id: string;
  readonly blobs: readonly PackedBlob[];
}

function encodeBlob(blob: PackedBlob): string {
  const id = Buffer.from(blob.id.buffer, blob.id.byteOffset, 32).toString('hex');
  const raw = blob.uncompressedLength === 0 ? '' : `,"uncompressed_length":${blob.uncompressedLength}`;
  return `{"id":"${id}","type":"${blob.type}","offset":${blob.offset},"length":${blob.length}${raw}}`;
}

/** The index document as restic writes it, with its line end. */
export function encodeIndexDocument(packs: readonly IndexEntry[]): Buffer {
  const entries = packs.map((pack) => `{"id":"${pack.id}","blobs":[${pack.blobs.map(encodeBlob).join(',')}]}`);
  return Buffer.from(`{"packs":[${entries.join(',')}]}\n`);
}

/**
 * Reads an index document into a table without an object for each blob. `supersedes` and unknown fields are passed
 * over. Throws `damaged`, also for the list form that restic 0.1 wrote.
 */
export function decodeIndexDocument(id: string, bytes: Uint8Array): IndexTable {
  return scanIndex(bytes) ?? parseIndex(id, bytes);
}

/** The careful way, for documents that are not laid out as restic and FortFail lay them out. */
function parseIndex(id: string, bytes: Uint8Array): IndexTable {
  const document = new DocumentFields(`index '${id}'`, bytes);
  const packs = document.fields.packs ?? [];
  if (!Array.isArray(packs)) throw document.fault('packs is not a list');
  const table = new IndexTable(1024);
  for (const pack of packs) {
    if (!isFields(pack) || typeof pack.id !== 'string' || !isId(pack.id)) throw document.fault('a pack has no id');
    table.beginPack(pack.id);
    const blobs = pack.blobs ?? [];
    if (!Array.isArray(blobs)) throw document.fault('the blobs of a pack are not a list');
    for (const blob of blobs) addBlob(table, blob, (reason) => document.fault(reason));
  }
  return table;
}

function addBlob(table: IndexTable, blob: unknown, fault: (reason: string) => FortFailError): void {
  if (!isFields(blob) || typeof blob.id !== 'string' || !isId(blob.id)) throw fault('a blob has no id');
  if (blob.type !== 'data' && blob.type !== 'tree') throw fault('a blob is neither data nor tree');
  const number = (key: string): number => {
    const value = blob[key] ?? 0;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
    throw fault(`${key} of a blob is out of range`);
  };
  const row = table.addRow(blob.type === 'tree', number('offset'), number('length'), number('uncompressed_length'));
  table.ids.set(Buffer.from(blob.id, 'hex'), row * 32);
}
