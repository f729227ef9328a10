import { randomBytes } from 'node:crypto';
import { type Clock, FortFailError, isFortFailError, type Logger, type Secret } from '@fortfail/base';
import { listAll, type StorageBackend } from '@fortfail/storage';
import type { MasterKey } from '../crypto/master-key.ts';
import { Sealer } from '../crypto/sealer.ts';
import { nameOf } from '../document-store.ts';
import { createLocalZone, formatGoTime } from '../format/go-time.ts';
import { decodeKeyDocument, encodeKeyDocument, type KdfParameters, type KeyDocument } from '../format/key-document.ts';
import { decodeMasterKey, encodeMasterKey } from '../format/master-key.ts';
import { calibrateKdf, deriveUserKey } from './key-derivation.ts';

/** restic tries as many. */
const mostSlotsTried = 20;

/** A key slot as shown to people. */
export interface KeyInfo {
  readonly id: string;
  /** True for the slot this repository was opened with. */
  readonly isCurrent: boolean;
  readonly username: string;
  readonly hostname: string;
  /** RFC 3339, as stored. */
  readonly created: string;
}

export interface OpenedKey {
  readonly keyId: string;
  readonly key: MasterKey;
}

interface OpenOptions {
  readonly backend: StorageBackend;
  readonly password: Secret;
  readonly logger: Logger;
  /** Beginning of the id of the slot to try first. */
  readonly keyHint?: string | undefined;
}

async function readSlot(backend: StorageBackend, id: string): Promise<KeyDocument> {
  const bytes = await backend.get({ type: 'key', name: id });
  if (nameOf(bytes) !== id) {
    throw new FortFailError({ kind: 'damaged', code: 'name', message: `unable to read key '${id}', its bytes do not match its name` });
  }
  return decodeKeyDocument(id, bytes);
}

/** The master key in a slot; undefined when the password is not the slot's. */
async function openSlot(slot: KeyDocument, password: Secret): Promise<MasterKey | undefined> {
  const sealer = new Sealer(await deriveUserKey(password, slot.salt, slot));
  try {
    return decodeMasterKey(sealer.open(slot.data));
  } catch (error) {
    if (isFortFailError(error, 'damaged') && error.code === 'mac') return undefined;
    throw error;
  }
}

/** Hinted slots first, then the storage's order; one that matches the hint by chance does no harm. */
async function slotOrder(options: OpenOptions): Promise<string[]> {
  const ids = (await listAll(options.backend, 'key')).map((file) => file.name);
  const hint = options.keyHint;
  const hinted = hint ? ids.filter((id) => id.startsWith(hint)) : [];
  return [...hinted, ...ids.filter((id) => !hinted.includes(id))].slice(0, mostSlotsTried);
}

/**
 * Finds the slot that a password opens. A slot that cannot be read is passed over (restic gives up there), so that one
 * damaged file does not lock everybody out. Throws `wrong-password` when none fits, `damaged` when none could be read.
 */
export async function openKeySlot(options: OpenOptions): Promise<OpenedKey> {
  const ids = await slotOrder(options);
  const unreadable: unknown[] = [];
  for (const id of ids) {
    try {
      const key = await openSlot(await readSlot(options.backend, id), options.password);
      if (key !== undefined) return { keyId: id, key };
    } catch (error) {
      if (!isFortFailError(error, 'damaged') && !isFortFailError(error, 'not-found')) throw error;
      options.logger.warn({ keyId: id, errCode: error.code }, 'key slot cannot be read');
      unreadable.push(error);
    }
  }
  if (ids.length > 0 && unreadable.length === ids.length) {
    throw new FortFailError({
      kind: 'damaged',
      code: 'no-sound-key',
      message: 'unable to open repository, none of its key files can be read',
      cause: unreadable[0],
    });
  }
  throw new FortFailError({
    kind: 'wrong-password',
    code: 'no-key-fits',
    message: 'unable to open repository, wrong password or no key found',
    hint: 'Check the password, or name the key with --key-hint when the repository has more than 20.',
    context: { slotsTried: ids.length, slotsUnreadable: unreadable.length },
  });
}

export interface NewKeyOptions {
  readonly backend: StorageBackend;
  readonly key: MasterKey;
  readonly password: Secret;
  readonly hostname: string;
  readonly username: string;
  readonly clock: Clock;
  /** Chosen for this machine unless given. */
  readonly kdf?: KdfParameters | undefined;
  readonly allowEmptyPassword?: boolean | undefined;
}

/** Throws `invalid-input` for an empty password, which protects nothing. */
export function requirePassword(password: Secret, allowEmpty: boolean | undefined): void {
  if (allowEmpty === true || password.reveal() !== '') return;
  throw new FortFailError({
    kind: 'invalid-input',
    code: 'empty-password',
    message: 'unable to use an empty password',
    hint: 'Choose a password, or pass --insecure-no-password if you mean it.',
  });
}

/** Adds a slot for another password and answers with its id, after the stored file was read back and opened. */
export async function createKeySlot(options: NewKeyOptions): Promise<string> {
  const { backend, key, password, clock } = options;
  requirePassword(password, options.allowEmptyPassword);
  const kdf = options.kdf ?? (await calibrateKdf(clock, password));
  const salt = randomBytes(64);
  const sealer = new Sealer(await deriveUserKey(password, salt, kdf));
  const created = formatGoTime(BigInt(clock.now().getTime()) * 1_000_000n, createLocalZone());
  const data = sealer.seal(encodeMasterKey(key));
  const bytes = encodeKeyDocument({ created, username: options.username, hostname: options.hostname, ...kdf, salt, data });
  const id = nameOf(bytes);
  await backend.put({ type: 'key', name: id }, bytes);
  const stored = await readSlot(backend, id);
  decodeMasterKey(sealer.open(stored.data));
  return id;
}

/** Every slot that can be read, oldest first. */
export async function listKeySlots(backend: StorageBackend, currentId: string, logger: Logger): Promise<KeyInfo[]> {
  const infos: KeyInfo[] = [];
  for (const { name } of await listAll(backend, 'key')) {
    try {
      const { username, hostname, created } = await readSlot(backend, name);
      infos.push({ id: name, isCurrent: name === currentId, username, hostname, created });
    } catch (error) {
      if (!isFortFailError(error, 'damaged') && !isFortFailError(error, 'not-found')) throw error;
      logger.warn({ keyId: name, errCode: error.code }, 'key slot cannot be read');
    }
  }
  return infos.sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
}

/** The whole id of the slot whose id begins so. Throws `not-found`, or `invalid-input` when several do. */
export async function findKeySlot(backend: StorageBackend, prefix: string): Promise<string> {
  const ids = (await listAll(backend, 'key')).map((file) => file.name).filter((id) => prefix !== '' && id.startsWith(prefix));
  if (ids.length === 1 && ids[0] !== undefined) return ids[0];
  const isAmbiguous = ids.length > 1;
  throw new FortFailError({
    kind: isAmbiguous ? 'invalid-input' : 'not-found',
    code: isAmbiguous ? 'ambiguous' : 'key',
    message: isAmbiguous ? `unable to choose key '${prefix}', several begin so` : `unable to find key '${prefix}'`,
  });
}
