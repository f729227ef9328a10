import type { Role } from '@fortfail/protocol';
import type { Actor } from '../audit/audit-record.ts';

/** A role and where it holds: everywhere, for one plan, or for one host's agent. Rights only add up. */
export interface Grant {
  readonly role: Role;
  readonly scope: 'site' | `plan:${string}` | `host:${string}`;
}

interface Bearer {
  readonly id: string;
  readonly name: string;
  readonly grants: readonly Grant[];
}

/** Whoever makes a request. */
export type Principal =
  /** Came over the unix socket, whose folder only this user can enter. */
  | (Bearer & { readonly kind: 'local-socket' })
  | (Bearer & { readonly kind: 'person'; readonly via: 'session' | 'link'; readonly sessionHash: string; readonly sessionUntil: string })
  /** A request with an API token: the token's rights, and never beyond what its owner has at that moment. */
  | (Bearer & {
      readonly kind: 'token';
      readonly tokenId: string;
      readonly personId: string;
      readonly ownerGrants: readonly Grant[];
    })
  /** A request with a proof by an agent's identity key. It acts for itself only. */
  | (Bearer & { readonly kind: 'agent'; readonly agentId: string })
  /** A token of the first API, for one agent or (null) for the pool. It reaches that API only. */
  | (Bearer & { readonly kind: 'legacy'; readonly tokenId: string; readonly agentId: string | null })
  | (Bearer & { readonly kind: 'nobody' });

export const localSocket: Principal = {
  kind: 'local-socket',
  id: 'local-socket',
  name: 'local socket',
  grants: [{ role: 'admin', scope: 'site' }],
};

export const nobody: Principal = { kind: 'nobody', id: 'nobody', name: 'nobody', grants: [] };

export function actorOf(principal: Principal): Actor {
  return { id: principal.id, kind: principal.kind, via: viaOf(principal) };
}

function viaOf(principal: Principal): string {
  if (principal.kind === 'person') return principal.via;
  // Whoever reads the record wants to know whose token it was.
  return principal.kind === 'token' ? principal.personId : principal.kind;
}
