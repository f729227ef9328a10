import { DocumentFields, isFields } from './document-fields.ts';
import { goJsonString } from './go-json.ts';

/** What a session of FortFail adds to restic's lock. */
export interface SessionField {
  readonly v: 1;
  readonly kind: 'writer' | 'reader' | 'keeper';
  /** 32 hexadecimal digits, new for every session. */
  readonly session: string;
  /** The orchestrator's lease, empty without one. */
  readonly lease: string;
  /** Snapshots this session reads: they are roots while it lives. */
  readonly holds: readonly string[];
}

export interface LockDocument {
  readonly time: string;
  readonly exclusive: boolean;
  readonly hostname: string;
  readonly username: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly fortfail: SessionField | undefined;
}

/**
 * What lies in `locks/`: locks of restic and of sessions, and documents that are born there before they are moved to
 * their place (`seal` a snapshot, `staged-index` an index, `condemn-record` a keeper's).
 */
export type LockFile =
  | { readonly kind: 'lock'; readonly lock: LockDocument }
  | { readonly kind: 'seal' | 'staged-index' | 'condemn-record'; readonly time: string };

export function encodeLock(lock: LockDocument): Buffer {
  const who = `"hostname":${goJsonString(lock.hostname)},"username":${goJsonString(lock.username)},"pid":${lock.pid}`;
  const owner = `${lock.uid ? `,"uid":${lock.uid}` : ''}${lock.gid ? `,"gid":${lock.gid}` : ''}`;
  const own = lock.fortfail === undefined ? '' : `,"fortfail":${JSON.stringify(lock.fortfail)}`;
  return Buffer.from(`{"time":${goJsonString(lock.time)},"exclusive":${lock.exclusive},${who}${owner}${own}}`);
}

/** Throws `damaged`. */
export function decodeLockFile(id: string, bytes: Uint8Array): LockFile {
  const document = new DocumentFields(`lock '${id}'`, bytes);
  const time = document.text('time');
  if (document.fields.tree !== undefined) return { kind: 'seal', time };
  if (document.fields.packs !== undefined) return { kind: document.fields.keeper === undefined ? 'staged-index' : 'condemn-record', time };
  const lock: LockDocument = {
    time,
    exclusive: document.flag('exclusive'),
    hostname: document.text('hostname'),
    username: document.text('username'),
    pid: document.count('pid'),
    uid: document.count('uid'),
    gid: document.count('gid'),
    fortfail: sessionField(document),
  };
  return { kind: 'lock', lock };
}

function sessionField(document: DocumentFields): SessionField | undefined {
  const own = document.object('fortfail');
  if (!isFields(own)) return undefined;
  const { kind, session, lease, holds } = own;
  if ((kind !== 'writer' && kind !== 'reader' && kind !== 'keeper') || typeof session !== 'string') return undefined;
  const held = Array.isArray(holds) ? holds.filter((id) => typeof id === 'string') : [];
  return { v: 1, kind, session, lease: typeof lease === 'string' ? lease : '', holds: held };
}
