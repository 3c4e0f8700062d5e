// Decides by the Roles, ClusterRoles and bindings that the cluster has, as the RBAC authoriser of a real API server does:
// rules only allow, nothing denies, and what no rule allows is forbidden. It keeps nothing: a changed role counts at once.
// Not here: aggregation of ClusterRoles, impersonation, escalation checks.
import type { KubeObject } from './resources.js';
import type { AccessRequest } from './server-context.js';
import { listAt, stringsAt, textAt } from './field-access.js';

export type RbacKind = 'Role' | 'ClusterRole' | 'RoleBinding' | 'ClusterRoleBinding';

/** All objects of a kind, of all namespaces. */
export type RbacObjects = (kind: RbacKind) => readonly KubeObject[];

/** Bound to cluster-admin on every real cluster. */
const MASTERS = 'kubernetes-admin';

export function rbacAuthorizer(objects: RbacObjects): (request: AccessRequest) => boolean {
  return (request) => {
    if (request.user === MASTERS) return true;
    const identities = identitiesOf(request.user);
    const allows = (binding: KubeObject): boolean =>
      listAt(binding, 'subjects').some((subject) => isSubject(subject, identities)) && rulesOf(binding, objects).some((rule) => ruleAllows(rule, request));
    if (objects('ClusterRoleBinding').some(allows)) return true;
    return request.namespace !== undefined && objects('RoleBinding').some((binding) => binding.metadata.namespace === request.namespace && allows(binding));
  };
}

interface Identities { user: string; groups: readonly string[] }

function identitiesOf(user: string): Identities {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user) ?? [];
  const accounts = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { user, groups: [...accounts, 'system:authenticated'] };
}

function isSubject(subject: Record<string, unknown>, { user, groups }: Identities): boolean {
  const name = textAt(subject, 'name');
  switch (subject['kind']) {
    case 'User': return name === user;
    case 'Group': return groups.includes(name);
    case 'ServiceAccount': return `system:serviceaccount:${textAt(subject, 'namespace')}:${name}` === user;
    default: return false;
  }
}

/** The rules of the role that a binding names; none when there is no such role. */
function rulesOf(binding: KubeObject, objects: RbacObjects): Record<string, unknown>[] {
  const ref = binding['roleRef'];
  const name = textAt(ref, 'name');
  const isRole = textAt(ref, 'kind') === 'Role';
  const role = objects(isRole ? 'Role' : 'ClusterRole').find(({ metadata }) =>
    metadata.name === name && (!isRole || metadata.namespace === binding.metadata.namespace));
  return listAt(role, 'rules');
}

/** Whether one rule of a role covers a request. */
export function ruleAllows(rule: Record<string, unknown>, { verb, group, resource, name }: AccessRequest): boolean {
  const [plural, subresource] = resource.split('/');
  const resources = subresource === undefined ? ['*', resource] : ['*', resource, `*/${subresource}`];
  const names = stringsAt(rule, 'resourceNames');
  return plural !== '' && meets(rule, 'verbs', ['*', verb]) && meets(rule, 'apiGroups', ['*', group]) && meets(rule, 'resources', resources) &&
    (names.length === 0 || (name !== undefined && names.includes(name)));
}

const meets = (rule: Record<string, unknown>, part: string, wanted: readonly string[]): boolean => stringsAt(rule, part).some((value) => wanted.includes(value));
