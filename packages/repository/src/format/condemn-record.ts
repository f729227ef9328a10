import { DocumentFields } from './document-fields.ts';

/** A keeper's word that packs are given up for good; nothing may rely on them from now on. */
export interface CondemnRecord {
  readonly keeper: string;
  readonly pass: string;
  readonly time: string;
  readonly packs: readonly string[];
  readonly why: string;
}

export function encodeCondemnRecord(record: CondemnRecord): Buffer {
  const { keeper, pass, time, packs, why } = record;
  return Buffer.from(JSON.stringify({ v: 1, keeper, pass, time, packs, why }));
}

/** Throws `damaged`. */
export function decodeCondemnRecord(id: string, bytes: Uint8Array): CondemnRecord {
  const document = new DocumentFields(`condemn record '${id}'`, bytes);
  return {
    keeper: document.text('keeper'),
    pass: document.text('pass'),
    time: document.text('time'),
    packs: document.texts('packs'),
    why: document.text('why'),
  };
}
