import type { Person, Role } from '@fortfail/protocol';
import { counted } from '../format/quantity.ts';

export type Grant = Person['grants'][number];

/** What each role may do, in one line. */
export const roleText: Readonly<Record<Role, string>> = {
  viewer: 'sees, and changes nothing',
  operator: 'runs jobs, edits plans, takes alerts',
  restorer: 'looks into files and restores',
  admin: 'everything, also persons and hosts',
  auditor: 'sees, and reads the audit chain',
};
export const roles = Object.keys(roleText) as readonly Role[];

/** Names of what scopes point to. */
export interface ScopeNames {
  readonly plans: readonly { readonly id: string; readonly name: string }[];
  readonly hosts: readonly { readonly id: string; readonly hostname: string }[];
}

/** `plan wiki-pages` for `plan:pln_…`; the id itself for what is not known. */
export const scopeText = (scope: string, { plans, hosts }: ScopeNames): string => {
  const [kind, id = ''] = scope.split(':');
  if (kind === 'plan') return `plan ${plans.find((plan) => plan.id === id)?.name ?? id}`;
  if (kind === 'host') return `host ${hosts.find((host) => host.id === id)?.hostname ?? id}`;
  return 'the whole site';
};

/** `operator of the whole site, restorer of plan wiki-pages`. */
export const grantsText = (grants: readonly Grant[], names: ScopeNames): string =>
  grants.map(({ role, scope }) => `${role} of ${scopeText(scope, names)}`).join(', ');

/** The answer of the page: who can come in, and how many run all of it. */
export const personsTitle = (persons: readonly Person[]): string => {
  const active = persons.filter(({ disabled }) => !disabled);
  const admins = active.filter(({ grants }) => grants.some(({ role, scope }) => role === 'admin' && scope === 'site')).length;
  const disabled = persons.length - active.length;
  return [
    `${counted(active.length, 'person')} may come in`,
    `${admins === 1 ? 'one administers' : `${admins} administer`} the site`,
    ...(disabled > 0 ? [`${disabled} ${disabled === 1 ? 'is' : 'are'} disabled`] : []),
  ].join(', ');
};

/** Whether two grants are the same right. */
const isSame = (a: Grant, b: Grant): boolean => a.role === b.role && a.scope === b.scope;

/** Grants without those that are there twice. */
export const distinctGrants = (grants: readonly Grant[]): Grant[] =>
  grants.filter((grant, index) => grants.findIndex((each) => isSame(each, grant)) === index);

/** Why a name cannot be used; undefined when it can. As the server judges it. */
export const nameFault = (name: string): string | undefined =>
  /^(?! )[\p{L}\p{N}._@ -]{1,64}(?<! )$/u.test(name) ? undefined : 'A name has 1 to 64 letters, digits or . _ @ - and space within.';
