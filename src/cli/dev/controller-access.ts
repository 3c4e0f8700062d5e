// What the controllers of `dev` may do: the roles of the shipped manifests, word for word, so that a missing right shows here
// and not in somebody's cluster.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { leaseNamespace } from './dev-settings.js';
import type { KubeObject } from '../../dev-cluster/resources.js';

const manifests = path.resolve(import.meta.dirname, '../../../../manifests');
const files = ['access/controller-access.yaml', 'account/account.yaml'];
const kinds = new Set(['ServiceAccount', 'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']);

/** The service account that the roles are bound to. */
export const controllerUser = `system:serviceaccount:${leaseNamespace}:ingress-arbiter-controller`;

/** Account, roles and bindings, for controllers that hold these Leases. */
export function controllerAccess(leases: readonly string[]): KubeObject[] {
  return files.flatMap((file) => parseAllDocuments(readFileSync(path.join(manifests, file), 'utf8')))
    .map((document) => document.toJS() as KubeObject)
    .filter(({ kind }) => kinds.has(kind))
    .map((object): KubeObject => ({ ...object, metadata: { ...object.metadata, namespace: leaseNamespace } }))
    .map((object) => (object.kind === 'Role' ? { ...object, rules: ofLeases(object, leases) } : object));
}

/** The rules of a role, with these names where CLASS stands for the one that an overlay fills in. */
function ofLeases(role: KubeObject, leases: readonly string[]): object[] {
  return (role['rules'] as { resourceNames?: string[] }[]).map((rule) => (rule.resourceNames === undefined ? rule : { ...rule, resourceNames: [...leases] }));
}
