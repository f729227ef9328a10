import type { Action, ObjectKind } from '@fortfail/protocol';
import type { Grant, Principal } from './principal.ts';
import { carriers, type RoleAction, tokenActions } from './rights.ts';

/** What is acted on. Without `planId` and `agentId` it is a collection, whose items are judged one by one. */
export interface ObjectReference {
  readonly kind: ObjectKind;
  readonly planId?: string | null;
  readonly agentId?: string | null;
}

/** `sign-in`: say who you are. `hidden`: as if it did not exist. `forbidden`: it does, but not for you. */
export type Verdict = 'yes' | 'sign-in' | 'forbidden' | 'hidden';

/** Objects of the whole site: a right that holds for one plan or host does not reach them. */
const siteWide: ReadonlySet<ObjectKind> = new Set(['audit', 'kit', 'person']);

/** The one place that decides. Scope is checked on the object itself, after it was loaded. */
export function may(principal: Principal, action: Action, object: ObjectReference): Verdict {
  if (action === 'public') return 'yes';
  if (principal.kind === 'nobody') return 'sign-in';
  if (action === 'agent-self') return principal.kind === 'agent' ? 'yes' : 'forbidden';
  // Neither has rights of a role, whatever it carries: an agent acts for itself, and the first API has its own rules.
  if (principal.kind === 'agent' || principal.kind === 'legacy') return 'forbidden';
  switch (action) {
    case 'self':
      return principal.kind === 'token' && object.kind === 'token' ? 'forbidden' : 'yes';
    case 'edit-self':
      return principal.kind === 'person' ? 'yes' : 'forbidden';
    case 'make-link':
      return principal.kind === 'local-socket' ? 'yes' : 'forbidden';
    default:
      return principal.kind === 'token' ? mayToken(principal, action, object) : judge(principal.grants, action, object);
  }
}

/** A token's own rights and its owner's must both reach; the stricter answer holds. */
function mayToken(principal: Extract<Principal, { kind: 'token' }>, action: RoleAction, object: ObjectReference): Verdict {
  const verdicts = [judge(principal.grants, action, object), judge(principal.ownerGrants, action, object)];
  if (verdicts.includes('hidden')) return 'hidden';
  return tokenActions.has(action) && verdicts.every((verdict) => verdict === 'yes') ? 'yes' : 'forbidden';
}

function judge(grants: readonly Grant[], action: RoleAction, object: ObjectReference): Verdict {
  const covering = grants.filter((grant) => covers(grant, object));
  if (covering.length === 0) return isCollection(object) ? 'forbidden' : 'hidden';
  return covering.some((grant) => carriers[action].includes(grant.role)) ? 'yes' : 'forbidden';
}

function covers(grant: Grant, object: ObjectReference): boolean {
  if (grant.scope === 'site') return true;
  if (siteWide.has(object.kind)) return false;
  if (isCollection(object)) return true;
  return grant.scope === `plan:${object.planId}` || grant.scope === `host:${object.agentId}`;
}

function isCollection(object: ObjectReference): boolean {
  return object.planId === undefined && object.agentId === undefined;
}
