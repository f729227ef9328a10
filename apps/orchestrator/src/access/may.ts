import type { Action, ObjectKind, Role } from '@fortfail/protocol';
import type { Grant, Principal } from './principal.ts';

/** What is acted on. Without `planId` and `agentId` it is a collection, whose items are judged one by one. */
export interface ObjectReference {
  readonly kind: ObjectKind;
  readonly planId?: string | null;
  readonly agentId?: string | null;
}

/** `sign-in`: say who you are. `hidden`: as if it did not exist. `forbidden`: it does, but not for you. */
export type Verdict = 'yes' | 'sign-in' | 'forbidden' | 'hidden';

const everyone: readonly Role[] = ['viewer', 'operator', 'restorer', 'admin', 'auditor'];

/** Which roles carry which action. `public`, `self`, `make-link` and `agent-self` are judged by who asks, not by role. */
const carriers: Readonly<Record<Exclude<Action, 'public' | 'self' | 'make-link' | 'agent-self'>, readonly Role[]>> = {
  see: everyone,
  'see-file-names': ['restorer', 'admin'],
  run: ['operator', 'admin'],
  drill: ['operator', 'restorer', 'admin'],
  restore: ['restorer', 'admin'],
  'edit-plan': ['operator', 'admin'],
  forget: ['admin'],
  'edit-repository': ['admin'],
  'read-audit': ['admin', 'auditor'],
  enrol: ['admin'],
  'edit-person': ['admin'],
  acknowledge: ['operator', 'admin'],
  'edit-kit': ['admin'],
  grant: ['admin'],
};

/** Objects of the whole site: a right that holds for one plan or host does not reach them. */
const siteWide: ReadonlySet<ObjectKind> = new Set(['audit', 'kit', 'person']);

/** The one place that decides. Scope is checked on the object itself, after it was loaded. */
export function may(principal: Principal, action: Action, object: ObjectReference): Verdict {
  if (action === 'public') return 'yes';
  if (principal.kind === 'nobody') return 'sign-in';
  if (action === 'agent-self') return principal.kind === 'agent' ? 'yes' : 'forbidden';
  if (principal.kind === 'agent') return 'forbidden';
  if (action === 'self') return 'yes';
  if (action === 'make-link') return principal.kind === 'local-socket' ? 'yes' : 'forbidden';
  const covering = principal.grants.filter((grant) => covers(grant, object));
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
