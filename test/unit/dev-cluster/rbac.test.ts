import { expect } from 'chai';
import { rbacAuthorizer } from '../../../src/dev-cluster/rbac.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import type { AccessRequest } from '../../../src/dev-cluster/server-context.js';

const account = 'system:serviceaccount:edge:me';
const object = (kind: string, name: string, namespace: string | undefined, rest: object): KubeObject =>
  ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, ...rest });
const role = (kind: string, name: string, rule: object, namespace?: string): KubeObject =>
  object(kind, name, namespace, { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], ...rule }] });
const binding = (kind: string, ref: string, subject: object, namespace?: string): KubeObject =>
  object(kind, 'b', namespace, { roleRef: { kind: ref.split('/')[0], name: ref.split('/')[1] }, subjects: [subject] });
const me = { kind: 'ServiceAccount', name: 'me', namespace: 'edge' };
const request = (rest: Partial<AccessRequest> = {}): AccessRequest => ({ verb: 'get', group: '', resource: 'secrets', namespace: 'edge', name: 'a', user: account, ...rest });

describe('dev-cluster: RBAC', () => {
  const allows = (objects: readonly KubeObject[], asked: AccessRequest): boolean => rbacAuthorizer((kind) => objects.filter((one) => one.kind === kind))(asked);
  const bound = (rule: object): KubeObject[] => [role('ClusterRole', 'r', rule), binding('ClusterRoleBinding', 'ClusterRole/r', me)];

  const cases: [string, boolean, KubeObject[], AccessRequest][] = [
    ['nobody may do anything without a role', false, [], request()],
    ['the administrator may do everything', true, [], request({ user: 'kubernetes-admin' })],
    ['a ClusterRole that is bound everywhere counts in every namespace', true, bound({}), request({ namespace: 'other' })],
    ['and in the whole cluster', true, bound({ verbs: ['list'] }), request({ verb: 'list', namespace: undefined, name: undefined })],
    ['another verb', false, bound({}), request({ verb: 'list' })],
    ['another group', false, bound({ apiGroups: ['apps'] }), request()],
    ['another resource', false, bound({ resources: ['configmaps'] }), request()],
    ['a resource is not its subresource', false, bound({ resources: ['secrets'] }), request({ resource: 'secrets/status' })],
    ['a subresource is not its resource', false, bound({ resources: ['secrets/status'] }), request()],
    ['a subresource of all', true, bound({ resources: ['*/status'] }), request({ resource: 'secrets/status' })],
    ['wildcards', true, bound({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }), request({ resource: 'secrets/status', verb: 'patch' })],
    ['a name that is listed', true, bound({ resourceNames: ['a', 'b'] }), request()],
    ['a name that is not listed', false, bound({ resourceNames: ['b'] }), request()],
    ['a list without a name, where names are listed', false, bound({ resourceNames: ['a'], verbs: ['list'] }), request({ verb: 'list', name: undefined })],
    ['a create without a name, where names are listed', false, bound({ resourceNames: ['a'], verbs: ['create'] }), request({ verb: 'create', name: undefined })],
    ['a RoleBinding counts in its namespace', true, [role('ClusterRole', 'r', {}), binding('RoleBinding', 'ClusterRole/r', me, 'edge')], request()],
    ['and nowhere else', false, [role('ClusterRole', 'r', {}), binding('RoleBinding', 'ClusterRole/r', me, 'edge')], request({ namespace: 'other' })],
    ['nor in the whole cluster', false, [role('ClusterRole', 'r', {}), binding('RoleBinding', 'ClusterRole/r', me, 'edge')], request({ namespace: undefined })],
    ['a Role of its namespace', true, [role('Role', 'r', {}, 'edge'), binding('RoleBinding', 'Role/r', me, 'edge')], request()],
    ['a Role of another namespace', false, [role('Role', 'r', {}, 'other'), binding('RoleBinding', 'Role/r', me, 'edge')], request()],
    ['a role that does not exist', false, [binding('ClusterRoleBinding', 'ClusterRole/r', me)], request()],
    ['an account of that name elsewhere', false, [role('ClusterRole', 'r', {}), binding('ClusterRoleBinding', 'ClusterRole/r', { ...me, namespace: 'other' })], request()],
    ['a user by name', true, [role('ClusterRole', 'r', {}), binding('ClusterRoleBinding', 'ClusterRole/r', { kind: 'User', name: account })], request()],
    ['all accounts of a namespace', true, [role('ClusterRole', 'r', {}), binding('ClusterRoleBinding', 'ClusterRole/r', { kind: 'Group', name: 'system:serviceaccounts:edge' })], request()],
    ['all accounts of another', false, [role('ClusterRole', 'r', {}), binding('ClusterRoleBinding', 'ClusterRole/r', { kind: 'Group', name: 'system:serviceaccounts:other' })], request()],
  ];
  for (const [what, expected, objects, asked] of cases) it(`${what}: ${expected ? 'allowed' : 'refused'}`, () => expect(allows(objects, asked)).to.equal(expected));
});
