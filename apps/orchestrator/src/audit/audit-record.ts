import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from './canonical-json.ts';

/** `main` holds every change; `access` holds reads of content, downloads and refusals. */
export type Chain = 'main' | 'access';
export const chains: readonly Chain[] = ['main', 'access'];
export const firstPrev = '0'.repeat(64);

/** Who did it, and by which door. */
export interface Actor {
  readonly id: string;
  readonly kind: 'person' | 'token' | 'local-socket' | 'agent' | 'legacy' | 'system' | 'nobody';
  readonly via: string;
}

/** What someone wants to have on record. */
export interface AuditEntry {
  readonly chain?: Chain;
  /** `plan.create`, `job.settle`, `session.begin`... */
  readonly action: string;
  readonly object: { readonly kind: string; readonly id: string };
  readonly outcome?: 'done' | 'refused' | 'failed';
  readonly detail?: Readonly<Record<string, Json | undefined>>;
  /** Personal or erasable: kept beside the record, which holds only its salted digest. */
  readonly personal?: Readonly<Record<string, Json | undefined>>;
}

export interface AuditRow {
  readonly chain: string;
  readonly seq: number;
  readonly prev: string;
  readonly body: string;
  readonly hash: string;
}

/** The bytes of a record, written once and never made again. */
export function auditBody(entry: AuditEntry, actor: Actor, at: string, request: string, detailDigest: string | undefined): string {
  return canonicalJson({
    action: entry.action,
    actor: { id: actor.id, kind: actor.kind, via: actor.via },
    at,
    detail: { ...entry.detail, personal: detailDigest },
    object: entry.object,
    outcome: entry.outcome ?? 'done',
    req: request,
    scope: 'site',
    v: 1,
  });
}

export function auditHash(seq: number, prev: string, body: string): string {
  return createHash('sha256').update(`ffaudit1\n${seq}\n${prev}\n${body}`).digest('hex');
}
