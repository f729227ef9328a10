import type { Principal } from '../access/principal.ts';

/** Whoever calls the first API, as its rules see them. */
export type Caller =
  /** Acts for one agent id: by a token that carries it, or by the proof of the native agent that has it. */
  | { readonly kind: 'agent'; readonly id: string; readonly native: boolean }
  /** A native agent that has no id of the first API yet: the first free one it names becomes its own. */
  | { readonly kind: 'newcomer'; readonly agentId: string }
  /** A token without agent id. */
  | { readonly kind: 'pool' }
  /** A person's API token or the local socket: judged by rights, as everywhere else. */
  | { readonly kind: 'person'; readonly principal: Principal };

/** Who made something, as it is kept: a job's maker may see it. */
export function makerOf(caller: Caller): string {
  if (caller.kind === 'agent') return `agent:${caller.id}`;
  if (caller.kind === 'newcomer') return `native:${caller.agentId}`;
  return caller.kind === 'pool' ? 'pool' : caller.principal.id;
}

/** One name per caller, for limits. */
export function nameOf(caller: Caller): string {
  return makerOf(caller);
}
