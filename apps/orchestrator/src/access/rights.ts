import type { Action, Role } from '@fortfail/protocol';
import type { Grant } from './principal.ts';

const everyone: readonly Role[] = ['viewer', 'operator', 'restorer', 'admin', 'auditor'];

/** Actions that a role carries. The others are judged by who asks. */
export type RoleAction = Exclude<Action, 'public' | 'self' | 'edit-self' | 'make-link' | 'agent-self'>;

/** Which roles carry which action. */
export const carriers: Readonly<Record<RoleAction, readonly Role[]>> = {
  see: everyone,
  'see-file-names': ['restorer', 'admin'],
  run: ['operator', 'admin'],
  drill: ['operator', 'restorer', 'admin'],
  restore: ['restorer', 'admin'],
  approve: ['restorer', 'admin'],
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

/** All that a program may be trusted with: nothing that gives rights, removes points, settles where data goes or consents. */
export const tokenActions: ReadonlySet<Action> = new Set<Action>([
  'see',
  'see-file-names',
  'run',
  'drill',
  'restore',
  'edit-plan',
  'read-audit',
  'acknowledge',
]);

/** Whether somebody who holds `own` may give `wanted`: each action of its role, at its scope or everywhere. */
export function isWithin(own: readonly Grant[], wanted: Grant): boolean {
  const reaching = own.filter((grant) => grant.scope === 'site' || grant.scope === wanted.scope);
  return Object.values(carriers)
    .filter((roles) => roles.includes(wanted.role))
    .every((roles) => reaching.some((grant) => roles.includes(grant.role)));
}

/** Whether these rights are those of an administrator of the whole site. */
export function isSiteAdmin(grants: readonly Grant[]): boolean {
  return grants.some((grant) => grant.role === 'admin' && grant.scope === 'site');
}
